"""What a job carries: language, form, and a context in which nothing is internal for contacts."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from schemas.cutting import CUT, MAX_TEXT_BYTES
from schemas.job import ExternalContext, InternalContext, Job
from tests.support.helpdesk.events import Helpdesk, rules, saved


def job_of(desk: Helpdesk, event: Any = None, settings: dict[str, Any] | None = None, *own: dict[str, Any]) -> Job:
    (job,) = desk.decide(event or saved(None), rules(settings, *own)).jobs
    return job


@pytest.fixture
def desk() -> Helpdesk:
    desk = Helpdesk()
    desk.contact("ct-1", "contract/C-7", name="Zoé Martin")
    return desk


@pytest.mark.parametrize(
    ("own", "customers", "expected"),
    [
        ("fr", "en", "fr"),
        ("fr-CA", None, "fr"),
        ("FR", None, "fr"),
        (None, "fr", "fr"),
        (None, None, "en"),
        ("pt-BR", "fr", "en"),
    ],
)
def test_the_language_is_the_persons_their_customers_or_the_default(
    desk: Helpdesk, own: str | None, customers: str | None, expected: str
) -> None:
    desk.contact("ct-1", language=own)
    desk.put({"kind": "customer", "id": "acme", "language": customers})
    assert job_of(desk).language == expected


def test_the_time_zone_is_the_first_that_exists(desk: Helpdesk) -> None:
    desk.contact("ct-1", time_zone="Mars/Olympus")
    desk.put({"kind": "customer", "id": "acme", "time_zone": "Europe/Paris"})
    assert job_of(desk).time_zone == "Europe/Paris"


def test_a_customer_without_template_or_keyword_gets_the_defaults(desk: Helpdesk) -> None:
    form = job_of(desk).form
    assert (form.template, form.subject_keyword, form.format) == ("external/opened", "[Opened]", "html")


def test_the_customers_record_comes_before_the_rule_and_the_rule_before_the_default(desk: Helpdesk) -> None:
    rule = {
        "rule": "own",
        "for": "contract.contacts",
        "send": {"template": "external/own", "keyword": {"en": "[Rule]", "fr": "[Règle]"}, "format": "text"},
    }
    form = job_of(desk, None, None, rule).form
    assert (form.template, form.subject_keyword, form.format) == ("external/own", "[Rule]", "text")
    opened = {"enabled": True, "template": "external/acme", "subject_keyword": "[ACME]"}
    desk.put({"kind": "customer", "id": "acme", "alerts": {"opened": opened}})
    form = job_of(desk, None, None, rule).form
    assert (form.template, form.subject_keyword, form.format) == ("external/acme", "[ACME]", "text")


def test_a_collaborators_form_never_comes_from_a_customer() -> None:
    desk = Helpdesk()
    desk.collaborator("co-1", "contract/C-7")
    assert job_of(desk).form.template == "internal/opened"


def test_a_fax_has_the_fax_template(desk: Helpdesk) -> None:
    desk.contact("ct-1", modes=[{"channel": "fax", "address": "+33140000001", "active": True}])
    assert job_of(desk).form.template == "fax/alert"


INTERNAL = {
    "internal_notes": "known bug 881",
    "priority": "urgent-secret",
    "custom": {"severity": 2, "margin": "secret-margin"},
    "links": {"customer": "https://portal.example/T-1042", "agent": "https://desk.example/secret"},
    "status": "closed_int",
}


def test_nothing_internal_is_in_a_job_for_a_contact(desk: Helpdesk) -> None:
    settings = {
        "statuses": {"closed_int": "internal"},
        "fields": {"severity": {"type": "number", "external": True}, "margin": {"type": "text"}},
    }
    job = job_of(desk, saved(None, INTERNAL), settings)
    assert isinstance(job.context, ExternalContext)
    assert job.context.ticket.custom == {"severity": 2}
    written = msgspec.json.encode(job).decode()
    assert [word for word in ("881", "secret", "closed_int", "internal_notes") if word in written] == []


def test_a_collaborator_sees_it_all() -> None:
    desk = Helpdesk()
    desk.collaborator("co-1", "contract/C-7")
    desk.collaborator("co-2", name="Li Wei")
    actor = {"kind": "collaborator", "id": "co-2"}
    context = job_of(desk, saved(None, INTERNAL, actor=actor)).context
    assert isinstance(context, InternalContext)
    assert context.actor == "Li Wei"
    assert context.ticket.internal_notes == "known bug 881"
    assert context.ticket.custom == {"severity": 2, "margin": "secret-margin"}


def test_statuses_appear_as_their_labels_in_the_language_of_the_reader(desk: Helpdesk) -> None:
    desk.contact("ct-1", language="fr")
    labels = {"new": {"en": "New", "fr": "Nouvelle"}, "in_progress": {"en": "In progress"}}
    ticket = job_of(desk, saved({"status": "new"}), {"statuses": labels}).context.ticket
    assert (ticket.previous_status, ticket.status) == ("Nouvelle", "In progress")


@pytest.mark.parametrize("letter", ["x", "é", "日", "😀"])
def test_long_texts_are_cut_visibly_at_32_kilobytes(desk: Helpdesk, letter: str) -> None:
    description = job_of(desk, saved(None, {"external_description": letter * 40_000})).context.ticket.description
    assert len(description.encode()) <= MAX_TEXT_BYTES
    assert len(description.encode()) > MAX_TEXT_BYTES - 8
    assert description.endswith(CUT)


@pytest.mark.parametrize(
    "link", ["javascript:alert(1)", "file:///etc/passwd", "https://[broken", "https://a.example/\n"]
)
def test_a_link_that_is_none_to_the_web_is_left_out(desk: Helpdesk, link: str) -> None:
    assert job_of(desk, saved(None, {"links": {"customer": link}})).context.ticket.link is None


def test_a_job_says_which_rules_made_it_and_when_it_expires(desk: Helpdesk) -> None:
    job = job_of(desk, None, {"deliver_within_hours": 2})
    assert (job.rules, job.rulebook) == (["contract-contacts"], "test")
    assert (job.expires - job.created).total_seconds() == 7200


def test_a_job_survives_the_wire(desk: Helpdesk) -> None:
    job = job_of(desk, saved(None, INTERNAL))
    assert msgspec.json.decode(msgspec.json.encode(job), type=Job) == job
