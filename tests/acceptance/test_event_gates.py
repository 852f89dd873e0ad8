"""Whether an event may alert anybody at all."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.support.helpdesk.events import NOW, Helpdesk, envelope, event_of, people, reason, saved


@pytest.fixture
def desk() -> Helpdesk:
    desk = Helpdesk()
    desk.contact("ct-1", "contract/C-7")
    desk.collaborator("co-1", "contract/C-7")
    return desk


def test_open_gates_alert(desk: Helpdesk) -> None:
    assert people(desk.decide(saved(None))) == {"ct-1", "co-1"}


@pytest.mark.parametrize("origin", ["import", "merge", "test", "auto_reply"])
def test_saves_that_no_work_made_alert_nobody_even_with_a_change_of_status(desk: Helpdesk, origin: str) -> None:
    assert reason(desk.decide(saved({"status": "new"}, origin=origin))) == "origin"


@pytest.mark.parametrize("origin", ["user", "automation", None])
def test_saves_of_people_and_automation_alert(desk: Helpdesk, origin: str | None) -> None:
    assert people(desk.decide(saved(None, origin=origin))) == {"ct-1", "co-1"}


def test_notify_false_alerts_nobody_internal_collaborators_alone(desk: Helpdesk) -> None:
    assert reason(desk.decide(saved(None, notify=False))) == "notify_off"
    assert people(desk.decide(saved(None, notify="internal"))) == {"co-1"}


def at(time: datetime) -> Any:
    return event_of(envelope(data={"previous": None}, time=time.isoformat()))


def test_an_event_of_last_october_alerts_nobody(desk: Helpdesk) -> None:
    assert reason(desk.decide(at(datetime(2025, 10, 3, 8, tzinfo=UTC)))) == "stale"


def test_the_limit_of_age_is_72_hours_to_the_second(desk: Helpdesk) -> None:
    assert reason(desk.decide(at(NOW - timedelta(hours=72)))) is None
    assert reason(desk.decide(at(NOW - timedelta(hours=72, seconds=1)))) == "stale"


def test_alerts_of_friday_go_out_on_monday(desk: Helpdesk) -> None:
    friday = datetime(2026, 3, 6, 18, 30, tzinfo=UTC)
    assert people(desk.decide(at(friday), now=datetime(2026, 3, 9, 8, 0, tzinfo=UTC))) == {"ct-1", "co-1"}


def test_an_event_from_a_clock_a_day_ahead_is_not_stale(desk: Helpdesk) -> None:
    assert people(desk.decide(at(NOW + timedelta(days=1)))) == {"ct-1", "co-1"}


def test_a_ticket_without_contract_alerts_nobody_then_opens_when_it_gets_one(desk: Helpdesk) -> None:
    created = desk.decide(saved(None, {"contract": None, "status": "new"}))
    assert reason(created) == "no_trigger"
    assert reason(desk.decide(saved({"status": "new"}, {"contract": None}))) == "no_contract"
    given = desk.decide(saved({"contract": None}))
    assert {job.trigger for job in given.jobs} == {"opened"}


def test_a_contract_that_the_directory_does_not_know_alerts_nobody(desk: Helpdesk) -> None:
    assert reason(desk.decide(saved(None, {"contract": "C-99"}))) == "unknown_contract"


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"type": "project"}, "not_commitment"),
        ({"type": None}, "not_commitment"),
        ({"alerts_enabled": False}, "alerts_disabled"),
        ({"alerts_enabled": None}, None),
        ({"status": "suspended"}, "not_in_force"),
        ({"status": None}, None),
        ({"valid_from": "2026-03-03"}, "not_in_force"),
        ({"valid_from": "2026-03-02", "valid_to": "2026-03-02"}, None),
        ({"valid_to": "2026-03-01"}, "not_in_force"),
    ],
)
def test_the_contract_must_be_a_commitment_enabled_and_in_force(
    desk: Helpdesk, fields: dict[str, Any], expected: str | None
) -> None:
    desk.put({"kind": "contract", "id": "C-7", **fields})
    assert reason(desk.decide(saved(None))) == expected


def test_a_contract_that_ended_yesterday_still_serves_tickets_of_last_week(desk: Helpdesk) -> None:
    desk.put({"kind": "contract", "id": "C-7", "valid_to": "2026-03-01"})
    last_week = desk.decide(saved({"status": "new"}, {"created_at": "2026-02-24T10:00:00Z"}))
    today = desk.decide(saved({"status": "new"}, {"created_at": "2026-03-02T09:00:00Z"}))
    assert people(last_week) == {"ct-1", "co-1"}
    assert reason(today) == "not_in_force"


def test_days_of_a_contract_are_days_in_utc(desk: Helpdesk) -> None:
    desk.put({"kind": "contract", "id": "C-7", "valid_to": "2026-03-01"})
    late_evening = desk.decide(saved(None, {"created_at": "2026-03-02T00:30:00+01:00"}))
    assert people(late_evening) == {"ct-1", "co-1"}


def test_the_first_reason_in_the_order_of_the_gates_is_given(desk: Helpdesk) -> None:
    desk.put({"kind": "contract", "id": "C-7", "type": "project", "alerts_enabled": False})
    assert reason(desk.decide(saved(None))) == "not_commitment"
    assert reason(desk.decide(saved({"title": "x"}, notify=False))) == "no_trigger"
    assert reason(desk.decide(saved(None, notify=False, origin="test"))) == "notify_off"
