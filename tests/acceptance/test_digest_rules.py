"""Digests in rules: of the rules that match, the one that brings a message soonest decides."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from adapters.rule_files.load import default_base
from engine.rulebook.build import build_rulebook
from engine.rulebook.rulebook import Rulebook
from schemas.job import Job, when_sent
from schemas.rule_file import RuleFile
from schemas.vocabulary import Trigger
from tests.support.helpdesk.events import Helpdesk, email, envelope, event_of, rules, saved

DAILY = {"rule": "product-collaborators", "for": "product.collaborators", "send": {"digest": "daily at 08:00"}}
HOURLY = {"rule": "hourly", "for": "product.collaborators", "send": {"digest": "hourly"}}
URGENT = {"rule": "urgent", "for": "product.collaborators", "if": 'ticket.priority == "critical"'}


@pytest.fixture
def desk() -> Helpdesk:
    desk = Helpdesk()
    desk.collaborator("co-1", "product/P-erp", time_zone="Europe/Paris")
    return desk


def jobs(desk: Helpdesk, *own: dict[str, Any], priority: str = "low", previous: Any = None, **ticket: Any) -> list[Job]:
    event = saved(previous, {"priority": priority, **ticket})
    return desk.decide(event, rules(None, *own)).jobs


def test_a_digest_is_due_at_the_readers_time(desk: Helpdesk) -> None:
    [job] = jobs(desk, DAILY)
    assert job.schedule is not None
    assert (job.schedule.at, job.schedule.digest) == (datetime(2026, 3, 3, 7, tzinfo=UTC), True)
    assert when_sent(job) == "daily at 08:00"


def test_the_one_that_brings_it_soonest_decides(desk: Helpdesk) -> None:
    assert [when_sent(job) for job in jobs(desk, DAILY, HOURLY)] == ["hourly"]
    assert [when_sent(job) for job in jobs(desk, HOURLY, DAILY)] == ["hourly"]
    assert [when_sent(job) for job in jobs(desk, DAILY, URGENT)] == ["daily at 08:00"]
    assert [when_sent(job) for job in jobs(desk, DAILY, URGENT, priority="critical")] == ["at once"]


def test_a_rule_on_another_channel_hastens_nothing(desk: Helpdesk) -> None:
    by_fax = {**URGENT, "send": {"channels": ["fax"]}}
    assert [when_sent(job) for job in jobs(desk, DAILY, by_fax, priority="critical")] == ["daily at 08:00"]


def test_a_rule_for_another_trigger_hastens_nothing(desk: Helpdesk) -> None:
    changes = {"rule": "changes", "for": "product.collaborators", "on": ["status_changed"]}
    before = {"closed_for_customer": False, "status": "new"}
    [job] = jobs(desk, DAILY, changes, previous=before, closed_for_customer=True)
    assert (job.trigger, when_sent(job)) == (Trigger.CLOSED, "daily at 08:00")


def test_nobody_waits_since_another_one_reads_the_same_mailbox(desk: Helpdesk) -> None:
    desk.collaborator("co-9", "site/S-paris", modes=[email("co-1@desk.example")])
    [job] = jobs(desk, DAILY)
    assert (job.person.id, when_sent(job)) == ("co-1", "at once")


def test_what_a_job_becomes_has_a_time_of_its_own(desk: Helpdesk) -> None:
    opened = {"rule": "opened", "for": "product.collaborators", "on": ["opened"]}
    [job] = jobs(desk, DAILY, opened, previous={"external_description": None, "status": "new"})
    assert (job.trigger, when_sent(job)) == (Trigger.OPENED, "at once")
    assert job.otherwise is not None
    assert job.otherwise.schedule is not None
    assert job.otherwise.schedule.said == "daily at 08:00"


def test_at_the_end_of_the_calendar_it_goes_out_at_once(desk: Helpdesk) -> None:
    event = saved(None)
    last = datetime.max.replace(tzinfo=UTC) - timedelta(hours=1)
    late = type(event)(**{name: getattr(event, name) for name in event.__struct_fields__} | {"time": last})
    assert [when_sent(job) for job in desk.decide(late, rules(None, DAILY), last).jobs] == ["at once"]


SUPPORT = {"time_zone": "Europe/Paris", "open": {"mon-fri": "09:00-18:00"}, "holidays": ["2026-03-30"]}
QUIET = {"rule": "product-collaborators", "for": "product.collaborators", "send": {"quiet": "outside support"}}


def with_calendar(*own: dict[str, Any]) -> Rulebook:
    content = {"extends": "default", "calendars": {"support": SUPPORT}, "rules": list(own)}
    return build_rulebook(msgspec.convert(content, RuleFile), "test", default_base())


def due(desk: Helpdesk, time: str, *own: dict[str, Any]) -> str | None:
    """When the message about a save at this time goes out; None: at once."""
    event = event_of(envelope(None, {"previous": None}, time=time), datetime.fromisoformat(time))
    [job] = desk.decide(event, with_calendar(*own), event.time).jobs
    return None if job.schedule is None else job.schedule.at.isoformat().removesuffix("+00:00")


@pytest.mark.parametrize(
    ("time", "opens"),
    [
        ("2026-03-02T08:00:00Z", None),
        ("2026-03-02T16:59:59Z", None),
        ("2026-03-02T17:00:00Z", "2026-03-03T08:00:00"),
        # A Friday evening before the clock is put forward, with a holiday on the Monday.
        ("2026-03-27T18:00:00Z", "2026-03-31T07:00:00"),
        # A Friday evening before it is put back.
        ("2026-10-23T17:00:00Z", "2026-10-26T08:00:00"),
    ],
)
def test_quiet_hours_end_when_the_calendar_opens(desk: Helpdesk, time: str, opens: str | None) -> None:
    assert due(desk, time, QUIET) == opens


def test_a_digest_in_quiet_hours_waits_for_their_end(desk: Helpdesk) -> None:
    both = {**QUIET, "send": {"quiet": "outside support", "digest": "daily at 07:00"}}
    assert due(desk, "2026-03-02T10:00:00Z", both) == "2026-03-03T08:00:00"
    assert due(desk, "2026-03-02T10:00:00Z", both, {**HOURLY, "rule": "soon"}) == "2026-03-02T11:00:00"


def test_an_urgent_rule_breaks_the_quiet(desk: Helpdesk) -> None:
    assert due(desk, "2026-03-02T20:00:00Z", QUIET, {**URGENT, "if": 'ticket.id == "T-1042"'}) is None
