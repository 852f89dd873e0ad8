"""What conditions of rules ask of a save, a person and a channel, from the event to the jobs."""

from __future__ import annotations

from typing import Any

import pytest

from engine.decide import Decision
from schemas.event import Event
from tests.support.helpdesk.events import Helpdesk, email, envelope, event_of, fax, people, rules, saved, skipped

OWN = {"rule": "product-collaborators", "for": "product.collaborators"}
SETTINGS = {"fields": {"owner": {"type": "text"}}}


@pytest.fixture
def desk() -> Helpdesk:
    desk = Helpdesk()
    modes = [email("one@desk.example"), fax("+33140000001")]
    desk.collaborator("co-1", "product/P-erp", groups=["on-call", "managers"], modes=modes)
    desk.collaborator("co-2", "product/P-erp")
    return desk


def decided(desk: Helpdesk, condition: str, event: Event | None = None, **ticket: Any) -> Decision:
    return desk.decide(event or saved(None, ticket), rules(SETTINGS, {**OWN, "if": condition}))


@pytest.mark.parametrize(
    ("title", "is_told"), [("OUTAGE in Lyon", True), ("Two outages", True), ("Out of paper", False), ("", False)]
)
def test_a_word_in_the_title(desk: Helpdesk, title: str, is_told: bool) -> None:
    decision = decided(desk, 'ticket.title contains "outage"', title=title)
    assert people(decision) == ({"co-1", "co-2"} if is_told else set())


def test_the_people_of_a_group(desk: Helpdesk) -> None:
    decision = decided(desk, '"on-call" in person.groups')
    assert people(decision) == {"co-1"}
    assert skipped(decision) == {("co-2", "product.collaborators", "no_rule")}


def test_the_owner_of_the_ticket(desk: Helpdesk) -> None:
    condition = "person.id == ticket.custom.owner"
    assert people(decided(desk, condition, custom={"owner": "co-2"})) == {"co-2"}
    assert people(decided(desk, condition, custom={})) == set()


def test_the_site_of_the_ticket(desk: Helpdesk) -> None:
    desk.contact("ct-here", "product/P-erp", sites=["S-paris"])
    desk.contact("ct-elsewhere", "product/P-erp", sites=["S-lyon"])
    own = {"rule": "product-contacts", "for": "product.contacts", "if": "ticket.site in person.sites"}
    told = desk.decide(saved(None, {"site": "S-paris"}), rules({"main_site": "not_required"}, own))
    assert people(told) & {"ct-here", "ct-elsewhere"} == {"ct-here"}


@pytest.mark.parametrize(("kind", "name"), [("customer", "acme"), ("contract", "C-7")])
def test_the_tags_of_customer_and_contract(desk: Helpdesk, kind: str, name: str) -> None:
    condition = f'"gold" in {kind}.tags'
    assert people(decided(desk, condition)) == set()
    desk.put({"kind": kind, "id": name, "tags": ["silver", "gold"]})
    assert people(decided(desk, condition)) == {"co-1", "co-2"}


def channels(decision: Decision, person: str) -> set[str]:
    return {job.channel.value for job in decision.jobs if job.person.id == person}


def test_a_channel_is_judged_by_itself(desk: Helpdesk) -> None:
    decision = decided(desk, 'channel != "fax" or ticket.priority == "critical"', priority="low")
    assert channels(decision, "co-1") == {"email"}
    decision = decided(desk, 'channel != "fax" or ticket.priority == "critical"', priority="critical")
    assert channels(decision, "co-1") == {"email", "fax"}


def test_a_rule_for_one_channel_takes_anothers_place_there_alone(desk: Helpdesk) -> None:
    by_fax = {
        "rule": "fax",
        "for": "product.collaborators",
        "if": 'channel == "fax"',
        "instead_of": "product-collaborators",
    }
    decision = desk.decide(saved(None), rules(None, by_fax))
    assert {(job.channel.value, *job.rules) for job in decision.jobs if job.person.id == "co-1"} == {
        ("email", "product-collaborators"),
        ("fax", "fax"),
    }


CLOSED = {"status": "closed", "closed_for_customer": True}
RESOLVED = {"status": "resolved", "resolution_marked": True}
OPEN = {"status": "open", "closed_for_customer": False, "resolution_marked": False}


@pytest.mark.parametrize(
    ("previous", "ticket", "is_reopened"),
    [
        (CLOSED, OPEN, True),
        (RESOLVED, OPEN, True),
        ({**CLOSED, **RESOLVED}, OPEN, True),
        ({**CLOSED, **RESOLVED}, {**OPEN, "resolution_marked": True}, False),  # closed no more, still resolved
        (CLOSED, {**OPEN, **RESOLVED}, False),
        ({"status": "new"}, OPEN, False),  # what is not mentioned is unchanged
        ({"status": "new", "closed_for_customer": None}, OPEN, False),
        ({"status": "new", "closed_internally": True}, {**OPEN, "closed_internally": False}, False),
        ({"status": "new"}, {**OPEN, **CLOSED}, False),
        (None, OPEN, False),
    ],
)
def test_a_reopening(
    desk: Helpdesk, previous: dict[str, Any] | None, ticket: dict[str, Any], is_reopened: bool
) -> None:
    event = saved(previous, ticket)
    assert people(decided(desk, "ticket.reopened", event)) == ({"co-1", "co-2"} if is_reopened else set())
    assert people(decided(desk, "not ticket.reopened", event)) == (set() if is_reopened else {"co-1", "co-2"})


def test_where_nobody_says_what_was_before_a_save_reopens_nothing(desk: Helpdesk) -> None:
    event = event_of(envelope(data={"triggers": ["status_changed"]}))
    assert people(decided(desk, "ticket.reopened", event)) == set()
    assert people(decided(desk, "ticket.reopened == false", event)) == {"co-1", "co-2"}
