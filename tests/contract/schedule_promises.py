"""What every ledger promises of jobs that are not to go out at once: digests by the clock, and quiet hours."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from msgspec.structs import replace

from schemas.job import Job, PersonRef, Schedule
from schemas.vocabulary import PersonKind, Trigger
from sender.ledger.port import Ledger
from sender.ledger.restrictions import Pause
from sender.records import Report
from sender.states import Hold, State, Transition
from sender.storms.scheduled import BEHIND, COMPANY, LONGEST_BEHIND
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


def what_comes_late_waits_a_moment_for_others(ledger: Ledger) -> None:
    """A sender that was stopped when its digests were due finds all of them at once, in whatever portions."""
    first, second, other = later("e-1"), later("e-2"), later("e-3", address="li@desk.example")
    ledger.accept([first], DUE + HOUR)
    ledger.accept([second, other], DUE + HOUR + COMPANY / 2)
    assert found(ledger, second.id).standing.due == found(ledger, first.id).standing.due == DUE + HOUR + COMPANY
    assert ledger.history(first.id)[-1].text == "with others that are late, at 2026-03-02 11:01 UTC: daily at 10:00"
    assert deliver(ledger, DUE + HOUR + COMPANY / 2) == []
    assert ledger.end_schedules(DUE + HOUR + COMPANY, NO_STORMS) == 1
    assert ids(ledger.bundle(second.id)) == [first.id]


def what_comes_late_never_expires_for_company(ledger: Ledger) -> None:
    job = later("e-1", expires=DUE + HOUR + COMPANY)
    ledger.accept([job], DUE + HOUR)
    assert deliver(ledger, DUE + HOUR) == [job.id]


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


def what_is_over_for_several_digests_goes_out_in_one(ledger: Ledger) -> None:
    hourly = [later(f"e-{hour}", replace(DAILY, at=DUE + hour * HOUR)) for hour in range(3)]
    a_digest(ledger, *hourly, now=DUE + HOUR)
    assert holds(ledger, hourly[2:]) == [Hold.DIGEST]
    assert deliver(ledger, DUE + HOUR) == [hourly[1].id]
    assert state(ledger, hourly[0].id) is State.DELIVERED


def what_leaves_a_storms_digest_waits_for_nothing_after_its_time(ledger: Ledger) -> None:
    short = [later(f"e-{number}", expires=DUE) for number in range(STORM.limit + 3)]
    ledger.accept(short, START, STORM)
    over = START + STORM.longest
    ledger.end_storms(over, STORM)
    carrier = short[-1].id
    assert ids(ledger.bundle(carrier)) == [job.id for job in short[STORM.limit : -1]]
    assert ledger.record([Report(carrier, 0, Transition.CANCELLED)], over) == []
    assert ledger.end_storms(over, STORM) == 1
    deliver(ledger, over)
    assert {state(ledger, job.id) for job in short[:-1]} == {State.DELIVERED}


def what_is_urgent_does_not_wait_for_what_is_held(ledger: Ledger) -> None:
    held, urgent = later("e-1", ticket="T-1"), a_job("e-2", "T-1", expires=FAR)
    ledger.accept([held, urgent], START)
    assert deliver(ledger, START) == [urgent.id]
    ledger.end_schedules(DUE, NO_STORMS)
    assert deliver(ledger, DUE) == [held.id]


def what_waits_for_an_earlier_digest_is_one_digest_too(ledger: Ledger) -> None:
    """The relay is out of reach for a day, in which each ticket is saved anew."""
    first = [later(f"e-{number}", ticket=f"T-{number}") for number in range(4)]
    much_later = START + LONGEST_BEHIND + HOUR
    back = much_later + HOUR
    second = [later(f"f-{number}", replace(DAILY, at=much_later), ticket=f"T-{number}") for number in range(4)]
    a_digest(ledger, *first, *second)
    [claimed] = ledger.claim(DUE, 10, LEASE)
    ledger.record([on(claimed, Transition.DEFERRED, back)], DUE)
    ledger.end_schedules(much_later, NO_STORMS)
    assert ids(ledger.bundle(second[-1].id)) == [job.id for job in second[:-1]]
    assert deliver(ledger, much_later) == []
    assert deliver(ledger, back) == [first[-1].id]
    assert deliver(ledger, back) == [second[-1].id]
    assert {state(ledger, job.id) for job in [*first, *second]} == {State.DELIVERED}


def a_bundle_has_no_texts_that_no_digest_shows(ledger: Ledger) -> None:
    jobs = [later(f"e-{number}") for number in range(3)]
    a_digest(ledger, *jobs)
    tickets = [one.job.context.ticket for one in ledger.bundle(jobs[-1].id)]
    assert [(one.title, one.description, one.custom) for one in tickets] == [(jobs[0].context.ticket.title, "", {})] * 2
    assert found(ledger, jobs[0].id).job == jobs[0]


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


def paused_when_due(ledger: Ledger, *jobs: Job, now: datetime = DUE) -> None:
    """These jobs, held for a pause by the sender that was to send them, alone or in a digest."""
    ledger.pause(Pause("acme", None, START, ""))
    a_digest(ledger, *jobs, now=now)
    held = []
    for claimed in ledger.claim(now, 10, LEASE):
        listed = ledger.bundle(claimed.job.id)
        held += [on(one, Transition.HELD, hold=Hold.PAUSED) for one in (*listed, claimed)]
    assert ledger.record(held, now) == []
    assert set(holds(ledger, jobs)) == {Hold.PAUSED}


def the_end_of_a_pause_brings_what_it_held_in_one_digest(ledger: Ledger) -> None:
    jobs = [later(f"e-{number}", customer="acme") for number in range(3)]
    paused_when_due(ledger, *jobs)
    ledger.resume("acme", None, DUE + 9 * HOUR)
    assert holds(ledger, jobs) == [Hold.DIGEST] * 3
    assert deliver(ledger, DUE + 9 * HOUR) == []
    ledger.end_schedules(DUE + 9 * HOUR + COMPANY, NO_STORMS)
    assert deliver(ledger, DUE + 9 * HOUR + COMPANY) == [jobs[2].id]
    assert {state(ledger, job.id) for job in jobs} == {State.DELIVERED}
    assert said(ledger, jobs[0])[-5:] == ["held", "resumed", "held", "bundled", "delivered"]


def a_pause_that_ends_while_it_is_asked_for_parts_no_digest(ledger: Ledger) -> None:
    """The sender may have read of the pause just before it ended."""
    jobs = [later(f"e-{number}", customer="acme") for number in range(2)]
    a_digest(ledger, *jobs)
    [claimed] = ledger.claim(DUE, 10, LEASE)
    ledger.record([on(one, Transition.HELD, hold=Hold.PAUSED) for one in (found(ledger, jobs[0].id), claimed)], DUE)
    ledger.end_schedules(DUE + COMPANY, NO_STORMS)
    assert ids(ledger.bundle(jobs[1].id)) == [jobs[0].id]


def the_end_of_a_pause_brings_what_is_quiet_message_by_message(ledger: Ledger) -> None:
    few = [later(f"e-{number}", QUIET, customer="acme") for number in range(STORM.limit)]
    paused_when_due(ledger, *few)
    ledger.resume("acme", None, DUE + HOUR)
    ledger.end_schedules(DUE + HOUR + COMPANY, STORM)
    assert deliver(ledger, DUE + HOUR + COMPANY) == [job.id for job in few]


def the_end_of_a_pause_parts_no_storm(ledger: Ledger) -> None:
    jobs = [replace(job, customer="acme") for job in saves(5)]
    ledger.accept(jobs, START, STORM)
    while deliver(ledger, START):
        pass
    ledger.end_storms(START + HOUR, STORM)
    ledger.pause(Pause("acme", None, START, ""))
    [claimed] = ledger.claim(START + HOUR, 10, LEASE)
    listed = ledger.bundle(claimed.job.id)
    ledger.record([on(one, Transition.HELD, hold=Hold.PAUSED) for one in (*listed, claimed)], START + HOUR)
    ledger.resume("acme", None, START + 2 * HOUR)
    ledger.end_schedules(START + 2 * HOUR + COMPANY, STORM)
    assert deliver(ledger, START + 2 * HOUR + COMPANY) == [jobs[4].id]
    assert {state(ledger, job.id) for job in jobs} == {State.DELIVERED}


def what_people_let_go_waits_for_its_digest_again(ledger: Ledger) -> None:
    early, late = later("e-1"), later("e-2")
    ledger.accept([early, late, later("e-3")], START)
    ledger.record([Report(one.id, 0, Transition.HELD, hold=Hold.PERSON) for one in (early, late)], START)
    ledger.record([Report(early.id, 0, Transition.RELEASED, START)], START)
    stands = found(ledger, early.id).standing
    assert (stands.hold, stands.due, stands.released) == (Hold.DIGEST, DUE, True)
    ledger.end_schedules(DUE, NO_STORMS)
    assert ids(ledger.bundle(later("e-3").id)) == [early.id]
    deliver(ledger, DUE)
    ledger.record([Report(late.id, 0, Transition.RELEASED, DUE)], DUE)
    assert found(ledger, late.id).standing.due == DUE + COMPANY
    ledger.end_schedules(DUE + COMPANY, NO_STORMS)
    assert deliver(ledger, DUE + COMPANY) == [late.id]


def what_the_mode_held_goes_out_in_one_digest_when_it_is_let_go(ledger: Ledger) -> None:
    jobs = [later(f"e-{number}") for number in range(3)]
    a_digest(ledger, *jobs)
    [claimed] = ledger.claim(DUE, 10, LEASE)
    ledger.record([on(one, Transition.HELD, hold=Hold.MODE) for one in (*ledger.bundle(claimed.job.id), claimed)], DUE)
    for place, job in enumerate(jobs):
        at, attempt = DUE + place * COMPANY / 4, found(ledger, job.id).standing.attempt
        ledger.record([Report(job.id, attempt, Transition.RELEASED, at)], at)
    ledger.end_schedules(DUE + COMPANY, NO_STORMS)
    assert deliver(ledger, DUE + COMPANY) == [jobs[2].id]
    assert {state(ledger, job.id) for job in jobs} == {State.DELIVERED}


def what_may_have_arrived_by_itself_goes_out_by_itself(ledger: Ledger) -> None:
    """Under the Message-ID that it had, by which mail programs know that it is the same."""
    job = later("e-1", customer="acme")
    a_digest(ledger, job)
    for transition in (Transition.UNDECIDED, Transition.DEFERRED):
        [claimed] = ledger.claim(DUE, 10, LEASE)
        ledger.record([on(claimed, transition, DUE)], DUE)
    [claimed] = ledger.claim(DUE, 10, LEASE)
    ledger.pause(Pause("acme", None, START, ""))
    ledger.record([on(claimed, Transition.HELD, hold=Hold.PAUSED)], DUE)
    ledger.resume("acme", None, DUE)
    assert state(ledger, job.id) is State.QUEUED


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


def _with_a_digest_that_can_not_go(ledger: Ledger, retry: datetime) -> Job:
    """The job that carries it: an hour of two messages, which a relay does not take now."""
    first, carrier = later("e-1"), later("e-2")
    a_digest(ledger, first, carrier)
    [claimed] = ledger.claim(DUE, 10, LEASE)
    ledger.record([on(claimed, Transition.DEFERRED, until=retry)], DUE)
    return carrier


def what_is_due_is_collected_further_while_an_older_digest_can_not_go(ledger: Ledger) -> None:
    back = DUE + 4 * HOUR
    carrier = _with_a_digest_that_can_not_go(ledger, back)
    hourly = [later(f"h-{hour}", replace(DAILY, at=DUE + hour * HOUR)) for hour in (1, 2, 3)]
    theirs = later("o-1", replace(DAILY, at=DUE + HOUR), person=PersonRef(PersonKind.CONTACT, "ct-2"))
    ledger.accept([*hourly, theirs], DUE)
    for hour in (1, 2, 3):
        ledger.end_schedules(DUE + hour * HOUR, NO_STORMS)
    assert deliver(ledger, DUE + 3 * HOUR) == [theirs.id]
    assert holds(ledger, hourly) == [Hold.DIGEST] * 3
    assert deliver(ledger, back) == [carrier.id]
    assert ledger.end_schedules(back + BEHIND, NO_STORMS) == 1
    assert ids(ledger.bundle(hourly[2].id)) == [job.id for job in hourly[:2]]


def what_would_expire_waits_behind_no_digest(ledger: Ledger) -> None:
    _with_a_digest_that_can_not_go(ledger, DUE + 4 * HOUR)
    short = later("s-1", replace(DAILY, at=DUE + HOUR), expires=DUE + 2 * HOUR)
    ledger.accept([short], DUE)
    ledger.end_schedules(DUE + HOUR, NO_STORMS)
    assert deliver(ledger, DUE + HOUR) == [short.id]


def nothing_waits_for_long_behind_a_digest(ledger: Ledger) -> None:
    """It may never go out: what the relay has against it may stand in it."""
    _with_a_digest_that_can_not_go(ledger, DUE + 24 * HOUR)
    job = later("l-1", replace(DAILY, at=DUE + HOUR))
    ledger.accept([job], DUE)
    over = START + LONGEST_BEHIND
    ledger.end_schedules(over - timedelta(microseconds=1), NO_STORMS)
    assert deliver(ledger, over) == []
    ledger.end_schedules(over + BEHIND, NO_STORMS)
    assert deliver(ledger, over + BEHIND) == [job.id]
