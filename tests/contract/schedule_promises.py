"""What every ledger promises of jobs that are not to go out at once: digests by the clock, and quiet hours."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from msgspec.structs import replace

from schemas.job import Job, PersonRef, Schedule
from schemas.vocabulary import PersonKind, Trigger
from sender.ledger.port import Ledger
from sender.records import Report
from sender.states import Hold, State, Transition
from sender.storms.storm import NO_STORMS
from tests.contract.ledger_promises import FAR, HOUR, LEASE, found, ids, on, state
from tests.contract.storm_promises import STORM, deliver, holds, said, saves
from tests.support.sender.fakes import START, a_job

DUE = START + HOUR
DAILY = Schedule(DUE, digest=True, said="daily at 10:00")
QUIET = Schedule(DUE, said="outside support")


def later(event: str, schedule: Schedule = DAILY, address: str = "zoe@acme.example", **more: Any) -> Job:
    return a_job(event, more.pop("ticket", f"T-{event}"), address, schedule=schedule, **{"expires": FAR, **more})


def a_digest(ledger: Ledger, *jobs: Job, now: datetime = DUE) -> None:
    """Take in these jobs, and let go what is due."""
    ledger.accept(jobs, START)
    ledger.end_schedules(now, NO_STORMS)


def what_is_not_due_yet_is_held_until_it_is(ledger: Ledger) -> None:
    job = later("e-1")
    ledger.accept([job], START)
    stands = found(ledger, job.id).standing
    assert (stands.state, stands.hold, stands.due) == (State.HELD, Hold.DIGEST, DUE)
    assert ledger.history(job.id)[-1].text == "until 2026-03-02 10:00 UTC: daily at 10:00"
    assert (ledger.next_due(), ledger.holds()[Hold.DIGEST], ledger.oldest()) == (DUE, 1, {})
    assert ledger.end_schedules(DUE - timedelta(microseconds=1), NO_STORMS) == 0
    assert deliver(ledger, DUE) == []
    assert (ledger.end_schedules(DUE, NO_STORMS), ledger.end_schedules(DUE, NO_STORMS)) == (1, 0)
    assert deliver(ledger, DUE) == [job.id]
    assert said(ledger, job) == ["accepted", "held", "resumed", "claimed", "delivered"]


def what_would_expire_before_it_is_due_goes_out_at_once(ledger: Ledger) -> None:
    jobs = [later("e-1", expires=DUE - HOUR / 2), later("e-2", expires=DUE)]
    ledger.accept([*jobs, later("e-3", expires=DUE + HOUR)], START)
    assert deliver(ledger, START) == [job.id for job in jobs]


def what_is_due_when_it_comes_goes_out_at_once(ledger: Ledger) -> None:
    job = later("e-1")
    ledger.accept([job], DUE)
    assert deliver(ledger, DUE) == [job.id]


def a_digest_lists_what_is_due_for_one_reader_at_one_moment(ledger: Ledger) -> None:
    other = PersonRef(PersonKind.CONTACT, "ct-2")
    first, second, third = later("e-1"), later("e-2"), later("e-3")
    elsewhere, theirs = later("e-4", address="li@desk.example"), later("e-5", person=other)
    tomorrow = later("e-6", replace(DAILY, at=DUE + 24 * HOUR))
    a_digest(ledger, first, elsewhere, second, theirs, tomorrow, third)
    assert holds(ledger, [tomorrow]) == [Hold.DIGEST]
    assert ids(ledger.bundle(third.id)) == [first.id, second.id]
    assert ledger.history(first.id)[-1].text == f"in the digest that {third.id} carries"
    assert sorted(deliver(ledger, DUE)) == sorted([third.id, elsewhere.id, theirs.id])
    assert {state(ledger, job.id) for job in (first, second, third, elsewhere, theirs)} == {State.DELIVERED}


def what_was_due_earlier_goes_out_in_a_digest_of_its_own(ledger: Ledger) -> None:
    first, second = later("e-1", replace(DAILY, at=DUE + HOUR)), later("e-2", replace(DAILY, at=DUE + HOUR))
    early = [later("e-3"), later("e-4")]
    a_digest(ledger, first, *early, second, now=DUE + HOUR)
    assert deliver(ledger, DUE + HOUR) == [early[1].id]
    ledger.end_schedules(DUE + HOUR, NO_STORMS)
    assert ids(ledger.bundle(second.id)) == [first.id]


def what_is_urgent_does_not_wait_for_what_is_held(ledger: Ledger) -> None:
    held, urgent = later("e-1", ticket="T-1"), a_job("e-2", "T-1", expires=FAR)
    ledger.accept([held, urgent], START)
    assert deliver(ledger, START) == [urgent.id]
    ledger.end_schedules(DUE, NO_STORMS)
    assert deliver(ledger, DUE) == [held.id]


def a_due_digest_overtakes_no_older_job(ledger: Ledger) -> None:
    older = a_job("e-1", "T-1", expires=FAR)
    ledger.accept([older, later("e-2", ticket="T-2"), later("e-3", ticket="T-1"), later("e-4", ticket="T-3")], START)
    [claimed] = ledger.claim(START, 10, LEASE)
    ledger.record([on(claimed, Transition.DEFERRED, DUE + HOUR)], START)
    ledger.end_schedules(DUE, NO_STORMS)
    behind = later("e-3", ticket="T-1").id
    assert behind not in deliver(ledger, DUE)
    assert deliver(ledger, DUE + HOUR) == [older.id]
    assert deliver(ledger, DUE + HOUR) == [behind]


def quiet_hours_let_each_message_go_by_itself(ledger: Ledger) -> None:
    jobs = [later(f"e-{number}", QUIET) for number in range(2)]
    ledger.accept(jobs, START)
    assert holds(ledger, jobs) == [Hold.QUIET] * 2
    ledger.end_schedules(DUE, STORM)
    assert deliver(ledger, DUE) == [job.id for job in jobs]


def what_quiet_hours_held_is_no_storm_when_they_end(ledger: Ledger) -> None:
    jobs = [later(f"e-{number}", QUIET) for number in range(STORM.limit + 1)]
    few = later("e-9", QUIET, address="li@desk.example")
    ledger.accept([*jobs, few], START, STORM)
    ledger.end_schedules(DUE, STORM)
    assert sorted(deliver(ledger, DUE)) == sorted([jobs[-1].id, few.id])
    assert {state(ledger, job.id) for job in jobs} == {State.DELIVERED}


def what_is_held_until_it_is_due_makes_no_storm(ledger: Ledger) -> None:
    ledger.accept([later(f"e-{number}") for number in range(9)], START, STORM)
    urgent = saves(2)
    ledger.accept(urgent, START, STORM)
    assert holds(ledger, urgent) == [None, None]


def what_a_job_becomes_has_a_schedule_of_its_own(ledger: Ledger) -> None:
    first = a_job("e-1", trigger=Trigger.OPENED, once="k", expires=FAR)
    second = a_job("e-2", trigger=Trigger.OPENED, once="k", otherwise=Trigger.STATUS_CHANGED, expires=FAR)
    assert second.otherwise is not None
    second = replace(second, otherwise=replace(second.otherwise, schedule=DAILY))
    ledger.accept([first, second], START)
    assert holds(ledger, [first, second]) == [None, Hold.DIGEST]


def people_can_do_what_they_like_with_what_is_held(ledger: Ledger) -> None:
    released, cancelled, held = jobs = [later(f"e-{number}") for number in range(3)]
    ledger.accept([*jobs, later("e-9")], START)
    steps = [
        Report(released.id, 0, Transition.RELEASED, START),
        Report(cancelled.id, 0, Transition.CANCELLED),
        Report(held.id, 0, Transition.HELD, hold=Hold.PERSON),
    ]
    assert ledger.record(steps, START) == []
    assert ledger.record(steps[2:], START) == steps[2:]
    assert deliver(ledger, START) == [released.id]
    assert ledger.end_schedules(DUE, NO_STORMS) == 1
    assert (state(ledger, cancelled.id), holds(ledger, [held])) == (State.CANCELLED, [Hold.PERSON])
    assert found(ledger, held.id).standing.due is None


def no_carrier_swallows_what_its_digest_lists(ledger: Ledger) -> None:
    for transition in (Transition.WITHDRAWN, Transition.CANCELLED, Transition.EXPIRED):
        address = f"{transition}@x.example"
        first, second, carrier = jobs = [later(f"{transition}-{n}", address=address) for n in range(3)]
        a_digest(ledger, *jobs)
        if transition is Transition.WITHDRAWN:
            ledger.claim(DUE, 10, LEASE)
        attempt = found(ledger, carrier.id).standing.attempt
        assert ledger.record([Report(carrier.id, attempt, transition)], DUE) == []
        assert holds(ledger, [first, second]) == [Hold.DIGEST] * 2
        assert ledger.end_schedules(DUE, NO_STORMS) == 1
        assert ids(ledger.bundle(second.id)) == [first.id]
        assert deliver(ledger, DUE) == [second.id]
        assert state(ledger, first.id) is State.DELIVERED


def what_can_not_be_written_costs_a_digest_nothing_else(ledger: Ledger) -> None:
    first, second, carrier = jobs = [later(f"e-{number}") for number in range(3)]
    a_digest(ledger, *jobs)
    [claimed] = ledger.claim(DUE, 10, LEASE)
    assert ledger.record([on(claimed, Transition.GAVE_UP)], DUE) == []
    assert state(ledger, carrier.id) is State.FAILED
    assert ledger.bundle(carrier.id) == []
    assert deliver(ledger, DUE) == [first.id, second.id]
    assert ledger.history(first.id)[3].text == "its digest could not be written"


def no_more_schedules_end_at_a_time_than_asked(ledger: Ledger) -> None:
    ledger.accept([later(f"e-{number}", address=f"p{number}@x.example") for number in range(5)], START)
    assert [ledger.end_schedules(DUE, NO_STORMS, 2) for _ in range(4)] == [2, 2, 1, 0]
