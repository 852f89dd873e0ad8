"""What a save means."""

from __future__ import annotations

from typing import Any

import pytest

from engine.stages.s1_triggers import raised_triggers
from schemas.refusal import RefusedError
from tests.support.helpdesk.events import Helpdesk, alerted, envelope, event_of, people, reason, saved


def raised(previous: dict[str, Any] | None, **ticket: Any) -> list[str]:
    return [trigger.value for trigger in raised_triggers(saved(previous, ticket))]


def test_a_created_ticket_with_description_and_contract_is_opened() -> None:
    assert raised(None) == ["opened"]


@pytest.mark.parametrize("description", [None, "", "   ", "\n\t\u00a0"])
def test_without_a_description_a_ticket_is_not_opened(description: str | None) -> None:
    assert raised(None, external_description=description) == []


def test_a_ticket_is_opened_when_it_gets_its_contract() -> None:
    assert raised({"contract": None}) == ["opened"]


def test_a_ticket_is_opened_when_it_gets_its_description() -> None:
    assert raised({"external_description": "  "}) == ["opened"]


def test_description_emptied_and_written_again_opens_once() -> None:
    first = "2026-03-02T09:00:00Z"
    assert raised({"external_description": None, "first_described_at": None}, first_described_at=first) == ["opened"]
    assert raised({"external_description": "as before"}, external_description="", first_described_at=first) == []
    assert raised({"external_description": ""}, first_described_at=first) == []


def test_a_contract_that_comes_late_opens_although_the_ticket_was_described_before() -> None:
    assert raised({"contract": None}, first_described_at="2026-03-01T09:00:00Z") == ["opened"]


def test_marked_again_after_a_reopening_is_resolved_again() -> None:
    assert raised({"resolution_marked": False}, resolution_marked=True) == ["resolved"]
    assert raised({"resolution_marked": True}, resolution_marked=False) == []
    assert raised({"resolution_marked": False}, resolution_marked=True) == ["resolved"]


def test_an_internal_closure_alone_never_fires_the_customers_does() -> None:
    assert raised({"closed_internally": False}, closed_internally=True) == []
    assert raised({"closed_for_customer": False}, closed_for_customer=True) == ["closed"]
    assert raised({"title": "old"}, closed_for_customer=True) == []


def test_what_previous_does_not_mention_is_unchanged() -> None:
    assert raised({"status": "new"}, resolution_marked=True) == ["status_changed"]


def test_creation_never_changes_the_status() -> None:
    assert "status_changed" not in raised(None, status="new")


def test_several_triggers_stand_in_the_order_of_telling() -> None:
    everything = {"status": "new", "closed_for_customer": False, "resolution_marked": False, "contract": None}
    assert raised(everything, closed_for_customer=True, resolution_marked=True) == [
        "closed",
        "resolved",
        "opened",
        "status_changed",
    ]


def test_a_save_with_no_change_of_the_four_kinds_alerts_nobody() -> None:
    desk = Helpdesk()
    desk.contact("ct-1", "contract/C-7")
    decision = desk.decide(saved({"title": "Invoices"}))
    assert (reason(decision), decision.jobs) == ("no_trigger", [])


def test_of_five_hundred_saves_only_those_that_matter_alert() -> None:
    desk = Helpdesk()
    desk.contact("ct-1", "contract/C-7")
    directory_decisions = [desk.decide(saved({"status": "new"} if n % 25 == 0 else {"title": "t"})) for n in range(500)]
    assert sum(bool(decision.jobs) for decision in directory_decisions) == 20
    assert sum(decision.reason == "no_trigger" for decision in directory_decisions) == 480


def test_resolution_together_with_a_status_change_is_one_message_that_mentions_both() -> None:
    desk = Helpdesk()
    desk.contact("ct-1", "contract/C-7")
    desk.contact("ct-2", "contract/C-7", alerts=["status_changed"])
    decision = desk.decide(saved({"status": "new", "resolution_marked": False}, {"resolution_marked": True}))
    assert alerted(decision) == {
        ("contact/ct-1", "ct-1@acme.example", "resolved"),
        ("contact/ct-2", "ct-2@acme.example", "status_changed"),
    }
    mentioned = {job.person.id: [str(trigger) for trigger in job.other_triggers] for job in decision.jobs}
    assert mentioned == {"ct-1": ["status_changed"], "ct-2": ["resolved"]}


def test_opened_carries_its_once_key_and_what_it_becomes_otherwise() -> None:
    desk = Helpdesk()
    desk.contact("ct-1", "contract/C-7")
    desk.contact("ct-2", "contract/C-7", alerts=["opened"])
    decision = desk.decide(saved({"external_description": "", "status": "new"}))
    jobs = {job.person.id: job for job in decision.jobs}
    assert jobs["ct-1"].trigger == jobs["ct-2"].trigger == "opened"
    assert jobs["ct-1"].once == jobs["ct-2"].once is not None
    assert jobs["ct-1"].otherwise is not None
    assert jobs["ct-1"].otherwise.trigger == "status_changed"
    assert jobs["ct-1"].otherwise.form.template == "external/status_changed"
    assert jobs["ct-2"].otherwise is None


def test_two_platforms_never_share_a_once_key_or_a_job_id() -> None:
    desk = Helpdesk()
    desk.contact("ct-1", "contract/C-7")
    one, other = (
        desk.decide(event_of(envelope(data={"previous": None}, source=source))).jobs[0] for source in ("/a", "/b")
    )
    assert one.once != other.once
    assert one.id != other.id


def test_the_same_event_makes_the_same_job_ids_on_a_changed_directory() -> None:
    desk = Helpdesk()
    desk.contact("ct-1", "contract/C-7")
    before = desk.decide(saved(None)).jobs[0]
    desk.contact(
        "ct-1",
        "product/P-erp",
        name="Zoé",
        modes=[{"channel": "email", "address": "CT-1@acme.example", "active": True}],
    )
    after = desk.decide(saved(None)).jobs[0]
    assert before.id == after.id
    assert before.categories != after.categories


def test_a_platform_that_does_not_know_what_was_before_names_the_triggers() -> None:
    desk = Helpdesk()
    desk.contact("ct-1", "contract/C-7")
    closed = {"closed_for_customer": True}
    listed = event_of(envelope(closed, {"triggers": ["status_changed", "closed"]}))
    typed = event_of(envelope(closed, {}, type="ticket.closed"))
    assert [job.trigger for job in desk.decide(listed).jobs] == ["closed"]
    assert [job.trigger for job in desk.decide(typed).jobs] == ["closed"]


@pytest.mark.parametrize(
    ("wire", "field"),
    [
        (envelope(), "data.previous"),
        (envelope(type="ticket.closed"), "data.ticket.closed_for_customer"),
        (envelope(data={"triggers": ["resolved"]}), "data.ticket.resolution_marked"),
        (envelope({"external_description": " "}, type="ticket.opened"), "data.ticket.external_description"),
        (envelope({"contract": None}, type="ticket.opened"), "data.ticket.contract"),
        (envelope(data={"triggers": ["reopened"]}), "data.triggers[0]"),
        (envelope(data={"previous": {}, "triggers": ["opened"]}), "data.previous"),
        (envelope(data={"triggers": ["opened"]}, type="ticket.status_changed"), "data.triggers"),
        (envelope(data={"previous": None}, type="ticket.deleted"), "type"),
    ],
)
def test_what_does_not_say_what_happened_is_refused_by_name(wire: dict[str, Any], field: str) -> None:
    with pytest.raises(RefusedError) as refused:
        event_of(wire)
    assert [refusal.field for refusal in refused.value.refusals] == [field]


@pytest.mark.parametrize("data", [{"triggers": ["opened"], "previous": None}, {"triggers": None, "previous": None}])
def test_null_is_absent_for_what_says_what_happened(data: dict[str, Any]) -> None:
    assert [trigger.value for trigger in raised_triggers(event_of(envelope(data=data)))] == ["opened"]


@pytest.mark.parametrize("name", ["contract", "customer", "product", "site", "service", "status"])
def test_an_empty_id_is_none(name: str) -> None:
    assert saved(None, {name: ""}) == saved(None, {name: None})


def test_a_declared_status_change_is_believed() -> None:
    desk = Helpdesk()
    desk.contact("ct-1", "contract/C-7")
    assert people(desk.decide(event_of(envelope(type="ticket.status_changed")))) == {"ct-1"}
