"""What every ledger promises of storms."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from msgspec.structs import replace

from schemas.job import Job
from schemas.vocabulary import Audience, Channel, Trigger
from sender.ledger.port import Ledger, Retention
from sender.records import Admission, Report
from sender.states import Hold, State, Transition
from sender.storms.storm import NO_STORMS, StormEnd, StormPolicy
from tests.contract.ledger_promises import FAR, HOUR, LEASE, found, ids, on, state
from tests.support.sender.fakes import START, a_job

MINUTE = timedelta(minutes=1)
STORM = StormPolicy(limit=2, window=10 * MINUTE, quiet=5 * MINUTE, longest=12 * MINUTE)
OVER = START + STORM.quiet


def saved(event: str, at: datetime = START, ticket: str = "T-1", address: str = "zoe@acme.example", **more: Any) -> Job:
    job = a_job(event, ticket, address, expires=FAR, **more)
    return replace(job, context=replace(job.context, saved_at=at))


def saves(count: int, ticket: str = "T-1") -> list[Job]:
    return [saved(f"{ticket}-{number}", ticket=ticket) for number in range(count)]


def holds(ledger: Ledger, jobs: Sequence[Job]) -> list[Hold | None]:
    return [found(ledger, job.id).standing.hold for job in jobs]


def said(ledger: Ledger, job: Job) -> list[str]:
    return [change.transition.value for change in ledger.history(job.id)]


def deliver(ledger: Ledger, now: datetime) -> list[str]:
    """Claim and deliver all that is due, once; says which jobs, in their order."""
    claimed = ledger.claim(now, 100, LEASE)
    assert ledger.record([on(entry, Transition.DELIVERED) for entry in claimed], now) == []
    return ids(claimed)


def a_storm(ledger: Ledger, jobs: Sequence[Job], policy: StormPolicy = STORM) -> list[Job]:
    """Take in these jobs, of which all but the first two are held, and send what is not; gives back the held ones."""
    ledger.accept(jobs, START, policy)
    while deliver(ledger, START):
        pass
    held = [job for job in jobs if state(ledger, job.id) is State.HELD]
    assert len(held) == len(jobs) - policy.limit
    return held


def too_much_for_one_mailbox_is_held(ledger: Ledger) -> None:
    jobs = saves(4)
    others = [
        saved("e-1", address="li@desk.example"),
        saved("e-1", channel=Channel.FAX, address="+33 1 23"),
        saved("e-9", audience=Audience.COLLABORATORS),
    ]
    assert set(ledger.accept([*jobs, *others], START, STORM)) == {Admission.ACCEPTED}
    assert holds(ledger, jobs) == [None, None, Hold.STORM, Hold.STORM]
    assert holds(ledger, others) == [None, None, None]
    changes = ledger.history(jobs[2].id)
    assert [(change.sequence, change.transition) for change in changes] == [(1, "accepted"), (2, "held")]
    assert changes[1].text == "more than 2 messages for one mailbox within 0:10:00"
    assert not {job.id for job in jobs[2:]} & {*ids(ledger.claim(START, 10, LEASE))}


def without_a_limit_nothing_is_held(ledger: Ledger) -> None:
    jobs = saves(40)
    ledger.accept(jobs[:20], START)
    ledger.accept(jobs[20:], START, NO_STORMS)
    assert set(holds(ledger, jobs)) == {None}


def a_storm_is_measured_by_the_time_of_the_saves(ledger: Ledger) -> None:
    catching_up = [saved(f"e-{number}", START + number * STORM.window / 2) for number in range(12)]
    ledger.accept(catching_up, FAR - HOUR, STORM)
    assert set(holds(ledger, catching_up)) == {None}
    late = [saved(f"f-{number}", START, address="b@x.example") for number in range(3)]
    for hours, job in enumerate(late):
        ledger.accept([job], START + hours * HOUR, STORM)
    assert holds(ledger, late) == [None, None, Hold.STORM]


def dropped_and_doubled_jobs_are_no_storm(ledger: Ledger) -> None:
    opened: dict[str, Any] = {"trigger": Trigger.OPENED, "once": "k"}
    jobs = [saved("e-1", **opened), saved("e-2", **opened), saved("e-3", **opened), saved("e-4")]
    ledger.accept([jobs[0], *jobs, jobs[3]], START, STORM)
    assert holds(ledger, jobs) == [None] * 4
    assert state(ledger, jobs[2].id) is State.DROPPED


def what_comes_in_a_storm_joins_it(ledger: Ledger) -> None:
    ledger.accept(saves(3), START, STORM)
    later = [saved(f"f-{minutes}", START - HOUR * minutes) for minutes in (4, 8)]
    ledger.accept(later[:1], START + 4 * MINUTE, STORM)
    assert ledger.end_storms(START + 9 * MINUTE - timedelta(microseconds=1), STORM) == 0
    ledger.accept(later[1:], START + 8 * MINUTE, STORM)
    assert holds(ledger, later) == [Hold.STORM] * 2
    assert ledger.end_storms(START + STORM.longest - timedelta(microseconds=1), STORM) == 0
    assert ledger.end_storms(START + STORM.longest, STORM) == 1
    after = saved("f-9", START - 9 * HOUR)
    ledger.accept([after], START + STORM.longest, STORM)
    assert holds(ledger, [after]) == [None]


def no_more_storms_end_at_a_time_than_asked(ledger: Ledger) -> None:
    for address in ("a@x.example", "b@x.example", "c@x.example"):
        ledger.accept([saved(f"e-{number}", address=address) for number in range(3)], START, STORM)
    assert [ledger.end_storms(OVER, STORM, 2) for _ in range(3)] == [2, 1, 0]


def a_storm_that_waits_leaves_its_jobs_held(ledger: Ledger) -> None:
    waiting = replace(STORM, end=StormEnd.WAIT)
    first, _second = held = a_storm(ledger, saves(4))
    assert ledger.end_storms(OVER, waiting) == 1
    assert holds(ledger, held) == [Hold.STORM] * 2
    ledger.record([Report(first.id, 0, Transition.RELEASED, OVER)], OVER)
    assert found(ledger, first.id).standing.released
    assert deliver(ledger, OVER) == [first.id]


def a_storm_touches_what_it_held_alone(ledger: Ledger) -> None:
    held = a_storm(ledger, saves(6))
    theirs = [Report(held[0].id, 0, Transition.RELEASED, START), Report(held[1].id, 0, Transition.RELEASED, START)]
    ledger.record([*theirs, Report(held[1].id, 0, Transition.HELD, hold=Hold.PERSON)], START)
    ledger.end_storms(OVER, STORM)
    assert holds(ledger, held) == [None, Hold.PERSON, None, None]
    assert [state(ledger, job.id) for job in held] == [State.QUEUED, State.HELD, State.BUNDLED, State.QUEUED]


def forgotten_storms_hold_nothing(ledger: Ledger) -> None:
    ledger.accept(saves(3), START, STORM)
    ledger.prune(START + HOUR, Retention(finished=HOUR))
    [after] = later = [saved("f-9", START - 9 * HOUR)]
    ledger.accept(later, START + HOUR, STORM)
    assert holds(ledger, [after]) == [None]
