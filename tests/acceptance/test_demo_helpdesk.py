"""The demo's helpdesk: a directory, rules and a day of saves, of which every alert is known beforehand."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path

import msgspec
import pytest

from adapters.files.directory_folder import LoadedDirectory, load_directory
from adapters.rule_files.load import load_rulebook
from engine.decide import Decision, decide
from engine.rulebook.rulebook import Rulebook
from schemas.job import ExternalContext, InternalContext, Job
from schemas.vocabulary import Audience, Category, Channel, Reason, Trigger
from tocsin.authoring.event_files import Line, read_lines

HELPDESK = Path(str(files("tocsin"))) / "demo" / "helpdesk"
DAY = datetime(2026, 1, 5, tzinfo=UTC)

Told = set[tuple[str, str, str]]


def email(trigger: str, *people: str) -> Told:
    return {(person, "email", trigger) for person in people}


def fax(trigger: str, *people: str) -> Told:
    return {(person, "fax", trigger) for person in people}


# Saves that alert nobody as a whole, and why.
SILENT = {
    "evt-01": "no_trigger",  # created without a description
    "evt-03": "no_trigger",  # created without a contract
    "evt-07": "no_contract",  # the status changes, still without a contract
    "evt-08": "origin",  # import
    "evt-12": "no_trigger",  # priority and notes only
    "evt-14": "origin",  # an out-of-office answer changes the status …
    "evt-15": "notify_off",  # … and a collaborator quietly sets it back
    "evt-16": "no_trigger",  # the description is emptied
    "evt-20": "not_commitment",
    "evt-24": "no_trigger",  # a duplicate, without a description
    "evt-25": "origin",  # merge
    "evt-29": "unknown_contract",
    "evt-31": "not_in_force",
    "evt-32": "alerts_disabled",
}

# Everyone who is told something, by event: person, channel, trigger.
EXPECTED: dict[str, Told] = {
    # T-3001, invoices do not print: described, taken up, resolved, reopened, resolved again, closed inside, closed
    "evt-02": email("opened", "co-sofia", "co-jb", "ct-zoe", "ct-lebrun", "ct-lea") | fax("opened", "ct-lebrun"),
    "evt-05": email("status_changed", "ct-zoe"),
    "evt-19": email("resolved", "co-jb", "ct-zoe", "ct-tom"),
    "evt-27": email("status_changed", "co-sofia"),
    "evt-35": email("resolved", "co-sofia", "co-jb", "ct-zoe", "ct-tom"),
    "evt-37": email("status_changed", "co-sofia"),
    "evt-40": email("closed", "co-sofia", "co-jb", "ct-zoe", "ct-lebrun", "ct-lea") | fax("closed", "ct-lebrun"),
    # T-3002, a beneficiary can't log in: the contract comes later, one save is for the inside
    "evt-09": (
        email("opened", "co-li", "co-marc", "ct-hugo", "ct-zoe", "ct-lea") | fax("opened", "co-marc", "ct-ines")
    ),
    "evt-22": email("status_changed", "co-marc") | fax("status_changed", "co-marc"),
    "evt-38": email("resolved", "co-li", "co-jb", "ct-hugo", "ct-zoe", "ct-tom") | fax("resolved", "ct-ines"),
    # T-3003, the oven console: two statuses with one label, waiting, answered by mail, resolved, closed
    "evt-04": email("opened", "co-sofia", "ct-erik", "ct-grace", "ct-maeve"),
    "evt-06": email("status_changed", "ct-maeve"),
    "evt-10": email("status_changed", "co-sofia"),
    "evt-13": email("status_changed", "ct-maeve"),
    "evt-30": email("status_changed", "co-sofia"),
    "evt-39": email("resolved", "co-claire", "ct-erik", "ct-maeve"),
    "evt-41": email("closed", "co-sofia", "co-claire", "ct-grace", "ct-maeve", "ct-jack"),
    # T-3005, critical: by the demo's rule co-marc gets no fax; the description is emptied and written again
    "evt-11": email("opened", "co-li", "co-marc", "ct-zoe", "ct-lea") | fax("opened", "ct-karim"),
    "evt-17": email("opened", "co-marc", "co-jb", "ct-zoe", "ct-lea") | fax("opened", "ct-karim"),
    # T-3006, the order server is down: the platform declares one change, then resolves and closes in one save
    "evt-18": email("opened", "co-tomasz", "co-priya", "ct-robert", "ct-yuki"),
    "evt-21": email("status_changed", "co-priya", "ct-robert"),
    "evt-33": email("closed", "co-tomasz", "ct-robert", "ct-yuki"),
    # T-3008, a payment terminal: the customer does not want to hear of changes of status
    "evt-23": email("opened", "co-sofia", "ct-hugo") | fax("opened", "ct-ines"),
    "evt-26": set(),
    # T-3010, a ticket that customers do not see
    "evt-28": email("opened", "co-sofia"),
    # T-3014, with a product that has no record
    "evt-34": email("opened", "ct-grace", "ct-maeve"),
    # T-3015, a beneficiary's ticket on a contract whose client may not read it, about a site that is not attached
    "evt-36": email("opened", "co-priya", "ct-zoe", "ct-tom"),
}

# An example of each reason about people: event, person (None: the object leads to nobody), category.
NOT_TOLD = [
    ("evt-02", "ct-nadia", "service.contacts", "category_off"),
    ("evt-04", "ct-jack", "customer.contacts", "own_tick_off"),
    ("evt-04", "ct-siobhan", "customer.contacts", "suppressed"),
    ("evt-05", "co-sofia", "product.collaborators", "own_save"),
    ("evt-09", "ct-omar", "site.contacts", "no_active_mode"),
    ("evt-10", "ct-maeve", "customer.contacts", "status_internal"),
    ("evt-11", "co-bastien", "contract.collaborators", "same_mailbox"),
    ("evt-22", "ct-zoe", "contract.contacts", "not_visible"),
    ("evt-23", "ct-gone", "contract.contacts", "unknown_person"),
    ("evt-23", "ct-hugo", "site.contacts", "no_rule"),
    ("evt-23", "ct-paul", "contract.contacts", "not_main_site"),
    ("evt-26", "ct-hugo", "contract.contacts", "customer_trigger_off"),
    ("evt-27", "ct-zoe", "site.contacts", "own_save"),
    ("evt-28", "ct-maeve", "customer.contacts", "not_visible"),
    ("evt-30", "ct-maeve", "customer.contacts", "own_save"),
    ("evt-34", None, "product.contacts", "object_unknown"),
    ("evt-36", None, "site.contacts", "object_not_attached"),
    ("evt-36", "ct-robert", "customer.contacts", "not_own"),
    ("evt-37", "ct-zoe", "customer.contacts", "status_internal"),
]


@pytest.fixture(scope="module")
def lines() -> list[Line]:
    return list(read_lines(HELPDESK / "events.jsonl", DAY))


@pytest.fixture(scope="module")
def loaded() -> LoadedDirectory:
    return load_directory(HELPDESK / "directory")


@pytest.fixture(scope="module")
def rulebook() -> Rulebook:
    return load_rulebook(HELPDESK / "rules.yaml")


@pytest.fixture(scope="module")
def decisions(lines: list[Line], loaded: LoadedDirectory, rulebook: Rulebook) -> dict[str, Decision]:
    events = [line.event for line in lines if line.event is not None]
    return {event.id: decide(event, loaded.directory, rulebook, event.time) for event in events}


@pytest.fixture(scope="module")
def jobs(decisions: dict[str, Decision]) -> list[Job]:
    return [job for decision in decisions.values() for job in decision.jobs]


def job_for(decisions: dict[str, Decision], event: str, person: str) -> Job:
    (job,) = (job for job in decisions[event].jobs if job.person.id == person and job.channel is Channel.EMAIL)
    return job


def test_the_directory_is_read_without_a_problem(loaded: LoadedDirectory) -> None:
    assert loaded.problems == []
    assert loaded.directory.counts() == {
        "contract": 7,
        "customer": 4,
        "site": 5,
        "product": 4,
        "service": 3,
        "contact": 17,
        "collaborator": 8,
        "suppression": 1,
    }


def test_only_the_last_line_is_refused(lines: list[Line]) -> None:
    assert [line.number for line in lines if line.refused is not None] == [42]
    assert len(lines) == 42


def test_the_saves_stand_in_order_within_one_working_day(lines: list[Line]) -> None:
    events = [line.event for line in lines if line.event is not None]
    times = [event.time for event in events]
    assert times == sorted(set(times))
    assert DAY.replace(hour=8) <= times[0] < times[-1] <= DAY.replace(hour=17, minute=30)
    assert [event.id for event in events] == [f"evt-{number:02}" for number in range(1, 42)]
    assert len({event.ticket.id for event in events}) == 15


def test_everyone_is_told_what_they_must_be_told(decisions: dict[str, Decision]) -> None:
    told = {
        event: {(job.person.id, job.channel.value, job.trigger.value) for job in decision.jobs}
        for event, decision in decisions.items()
    }
    assert told == EXPECTED | {event: set() for event in SILENT}


def test_nobody_is_told_twice(jobs: list[Job]) -> None:
    assert len(jobs) == sum(map(len, EXPECTED.values())) == 81
    assert len({job.id for job in jobs}) == 81


def test_saves_that_alert_nobody_say_why(decisions: dict[str, Decision]) -> None:
    assert {event: found.reason for event, found in decisions.items() if found.reason is not None} == SILENT


@pytest.mark.parametrize(("event", "person", "category", "reason"), NOT_TOLD)
def test_everyone_else_has_a_reason(
    decisions: dict[str, Decision], event: str, person: str | None, category: str, reason: str
) -> None:
    found = [
        skip.reason
        for skip in decisions[event].skipped
        if skip.category == category and (None if skip.person is None else skip.person.id) == person
    ]
    assert found == [reason]


def test_every_trigger_language_and_category_and_nearly_every_reason_occurs(
    decisions: dict[str, Decision], jobs: list[Job]
) -> None:
    assert {job.trigger for job in jobs} == set(Trigger)
    assert {job.language for job in jobs} == {"en", "fr"}
    assert {category for job in jobs for category in job.categories} == set(Category)
    # No event can be stale at its own time, and every record of the demo can be read.
    never = {Reason.STALE, Reason.UNREADABLE_RECORD}
    assert {skip.reason for found in decisions.values() for skip in found.skipped} == set(Reason) - never


def test_some_messages_go_by_fax(jobs: list[Job]) -> None:
    assert Counter(job.channel for job in jobs) == {Channel.EMAIL: 72, Channel.FAX: 9}


def test_nothing_internal_reaches_a_contact(lines: list[Line], jobs: list[Job]) -> None:
    marks = ("INTERNAL", "INTERNE", "INT-", "closed_int", "agents.desk.example", "billing_code")
    tickets = [line.event.ticket for line in lines if line.event is not None]
    assert all(ticket.internal_notes is None or ticket.internal_notes.startswith(marks[:2]) for ticket in tickets)
    written = dict.fromkeys(Audience, "")
    for job in jobs:
        assert isinstance(job.context, ExternalContext if job.audience is Audience.CONTACTS else InternalContext)
        written[job.audience] += msgspec.json.encode(job.context).decode()
    assert [mark for mark in marks if mark in written[Audience.CONTACTS]] == []
    assert [mark for mark in marks if mark in written[Audience.COLLABORATORS]] == list(marks)


def test_nothing_internal_goes_into_a_mailbox_that_a_contact_reads(jobs: list[Job]) -> None:
    outside = ("moulin.example", "fournil.example", "harbour.example", "granary.example")
    internal = [job.address for job in jobs if job.audience is Audience.COLLABORATORS and job.channel is Channel.EMAIL]
    assert [address for address in internal if address.endswith(outside)] == []


def test_someone_reached_three_times_gets_one_message_that_lists_all(decisions: dict[str, Decision]) -> None:
    assert job_for(decisions, "evt-02", "ct-zoe").categories == [
        "site.contacts",
        "contract.contacts",
        "customer.contacts",
    ]


def test_two_contacts_at_one_mailbox_get_one_message(decisions: dict[str, Decision]) -> None:
    job = job_for(decisions, "evt-02", "ct-lea")
    assert (job.address, job.categories) == ("accueil@moulin.example", ["contract.contacts", "customer.contacts"])


def test_a_save_that_means_several_things_says_so(decisions: dict[str, Decision]) -> None:
    assert decisions["evt-33"].triggers == (Trigger.CLOSED, Trigger.RESOLVED, Trigger.STATUS_CHANGED)
    assert job_for(decisions, "evt-33", "ct-robert").other_triggers == [Trigger.RESOLVED, Trigger.STATUS_CHANGED]


def test_a_ticket_is_opened_once_and_later_its_status_changed(decisions: dict[str, Decision]) -> None:
    first, again = (job_for(decisions, event, "ct-zoe") for event in ("evt-11", "evt-17"))
    assert first.once is not None
    assert (first.once, first.otherwise) == (again.once, None)
    otherwise = {job.person.id: job.otherwise.trigger for job in decisions["evt-17"].jobs if job.otherwise is not None}
    assert otherwise == dict.fromkeys(("ct-zoe", "ct-karim", "co-marc"), Trigger.STATUS_CHANGED)


def test_the_demos_rules_do_what_their_comments_say(decisions: dict[str, Decision]) -> None:
    critical, default = (job_for(decisions, "evt-11", person) for person in ("co-marc", "co-li"))
    assert (critical.rules, critical.form.subject_keyword) == (["critical-till-in-french"], "[CRITIQUE]")
    assert (default.rules, default.form.subject_keyword) == (["product-collaborators"], "[Opened]")
    assert job_for(decisions, "evt-23", "ct-hugo").form.subject_keyword == "[Arrêt de travail]"
    assert job_for(decisions, "evt-11", "ct-zoe").form.subject_keyword == "[Moulin · Ouverture]"
    assert job_for(decisions, "evt-18", "co-priya").form.format == "text"
    assert job_for(decisions, "evt-18", "ct-yuki").context.ticket.custom == {"severity": 4}


def test_statuses_are_shown_in_the_readers_language(decisions: dict[str, Decision]) -> None:
    shown = [job_for(decisions, *who).context.ticket for who in (("evt-05", "ct-zoe"), ("evt-06", "ct-maeve"))]
    assert [(ticket.previous_status, ticket.status) for ticket in shown] == [
        ("Nouvelle", "En cours"),
        ("New", "In progress"),
    ]


def test_time_zones_are_the_persons_their_customers_or_the_default(decisions: dict[str, Decision]) -> None:
    zones = {person: job_for(decisions, "evt-18", person).time_zone for person in ("ct-yuki", "ct-robert")}
    assert zones == {"ct-yuki": "Asia/Tokyo", "ct-robert": "America/New_York"}
    assert job_for(decisions, "evt-11", "co-li").time_zone == "Europe/London"
