"""What is said of a job that is still open: what holds it, until when, and nothing over as if it were to come."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from schemas.job import Schedule
from sender.ledger.outlook import next_try
from sender.ledger.waits import RELAY, Wait
from sender.records import LedgerEntry, Listed, Report
from sender.states import FINISHED, Hold, Standing, State, Transition
from sender.storms.storm import NO_STORMS
from tests.support.sender.fakes import START, a_job
from tests.support.sender.in_memory_ledger import InMemoryLedger
from tocsin.operations.jobs import lines
from tocsin.operations.jobs.objects import listed_object, shown_object
from tocsin.operations.jobs.outlook import ago, ahead_of, time

MINUTE = timedelta(minutes=1)
LEASE = timedelta(minutes=8)
JOB = replace(a_job(), expires=START + timedelta(days=3))


def entry(state: State, expires: datetime = JOB.expires, **standing: object) -> LedgerEntry:
    return LedgerEntry(replace(JOB, expires=expires), False, Standing(state, **standing))  # type: ignore[arg-type]


def said_of(one: LedgerEntry, now: datetime, *waits: Wait) -> str:
    """Both what `list` and what `show` say."""
    listed = lines.line(Listed(one, START, START), None, waits, now)
    return "\n".join([listed, *lines.standing(one, [], [], waits, now)])


def test_a_lease_that_has_ended_is_not_one_that_holds() -> None:
    one = entry(State.SENDING, lease_until=START, owner="s", handed_over=True)
    assert f"a sender has it until {time(START)}" in said_of(one, START - MINUTE)
    said = said_of(one, START + 4 * MINUTE)
    assert (
        said.count(f"lease ended 4 min ago, at {time(START)}: the next sender takes it, and it may have arrived") == 2
    )
    assert "until" not in said
    unoffered = entry(State.SENDING, lease_until=START, owner="s", handed_over=False)
    assert "it may go out at once, since nothing was handed over" in said_of(unoffered, START + MINUTE)


def test_a_job_whose_time_has_ended_has_no_next_try() -> None:
    one = entry(State.QUEUED, expires=START, due=START + MINUTE)
    said = said_of(one, START + timedelta(hours=2, minutes=5), Wait(START + timedelta(days=1), RELAY))
    assert said.count("its time ended 2 h 5 min ago") == 2
    assert "next try" not in said
    assert "due" not in said
    assert "held back" not in said


def test_what_holds_it_is_named_in_the_list_too() -> None:
    until = START + 9 * MINUTE
    one = entry(State.QUEUED, due=START)
    said = said_of(one, START, Wait(until, "acme.example"), Wait(until, "other.example"))
    assert said.count(f"held back: mail to acme.example is put off, until {time(until)}") == 2
    assert "other.example" not in said
    assert f"next try: {time(until)} or later" in said
    assert "held back" not in said_of(entry(State.DELIVERED), START, Wait(until, RELAY))


def test_the_job_that_goes_before_is_named() -> None:
    ledger = InMemoryLedger()
    first, other, second, third = (
        a_job("e-1"),
        a_job("e-2", address="li@desk.example"),
        a_job("e-3"),
        a_job("e-4", ticket="T-2"),
    )
    for number, job in enumerate((first, other, second, third)):
        ledger.accept([job], START + number * MINUTE)
    entries = {job.id: ledger.find(job.id) for job in (first, other, second, third)}
    found = {name: None if one is None else ahead_of(ledger, one) for name, one in entries.items()}
    ahead = found.pop(second.id)
    assert ahead is not None
    assert ahead.job.id == first.id
    assert set(found.values()) == {None}
    waiting = entries[second.id]
    assert waiting is not None
    said = "\n".join(lines.standing(waiting, [], [], [], START, ahead))
    assert f"held back: job {first.id} (queued) of the same ticket and mailbox goes before it" in said
    shown = shown_object(waiting, [], [], [], START, ahead, texts=False)
    assert shown["ahead"] == {"job": first.id, "state": State.QUEUED}
    ledger.claim(START + MINUTE, 1, LEASE)
    ledger.record([Report(first.id, 1, Transition.DELIVERED)], START + MINUTE)
    assert ahead_of(ledger, waiting) is None


def test_a_digest_waits_neither_for_what_it_lists_nor_for_what_is_held() -> None:
    """The same ticket was saved three times; what comes after the digest is collected for the next one."""
    ledger, hour = InMemoryLedger(), timedelta(hours=1)
    jobs = [a_job(f"e-{number}", "T-1", schedule=Schedule(START + hour, digest=True)) for number in range(3)]
    after = a_job("e-4", "T-1")
    ledger.accept(jobs, START)
    carrier = ledger.find(jobs[-1].id)
    assert carrier is not None
    ledger.accept([after], START)
    urgent = ledger.find(after.id)
    assert urgent is not None
    assert ahead_of(ledger, urgent) is None
    ledger.end_schedules(START + hour, NO_STORMS)
    carrier = ledger.find(jobs[-1].id)
    assert carrier is not None
    assert ahead_of(ledger, carrier, ledger.bundle(carrier.job.id)) is None


MOMENTS = st.integers(-10_000, 10_000).map(lambda seconds: START + timedelta(seconds=seconds))


@given(
    state=st.sampled_from(State),
    due=MOMENTS | st.none(),
    lease=MOMENTS | st.none(),
    expires=MOMENTS,
    hold=st.sampled_from(Hold) | st.none(),
    until=st.lists(st.builds(Wait, MOMENTS, st.sampled_from([RELAY, "acme.example", "other.example"]))),
    now=MOMENTS,
)
def test_nothing_that_is_over_is_shown_as_if_it_were_to_come(
    state: State,
    due: datetime | None,
    lease: datetime | None,
    expires: datetime,
    hold: Hold | None,
    until: list[Wait],
    now: datetime,
) -> None:
    one = entry(state, expires, due=due, lease_until=lease, hold=hold)
    said = said_of(one, now, *until)
    for moment in re.findall(r"(?:next try:|until) (\S+Z)", said):
        assert datetime.fromisoformat(moment) >= now.replace(microsecond=0)
    for moment in re.findall(r"(?:ago, at|due since) (\S+Z)", said):
        assert datetime.fromisoformat(moment) <= now
    assert "-" not in " ".join(re.findall(r"ended (.*?) ago", said))
    soonest = next_try(one, until, now)
    assert soonest is None or (soonest > now and state not in FINISHED)
    listed = listed_object(Listed(one, START, START), None, until, now)
    assert listed["next_try"] == soonest
    if state not in (State.QUEUED, State.UNKNOWN):
        assert listed["held_back"] == []


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "0 s ago"), (59, "59 s ago"), (240, "4 min ago"), (7_500, "2 h 5 min ago"), (266_400, "3 d 2 h ago")],
)
def test_how_long_ago(seconds: int, said: str) -> None:
    now = datetime(2026, 3, 2, tzinfo=UTC)
    assert ago(now - timedelta(seconds=seconds), now) == said
