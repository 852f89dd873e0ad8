"""What every ledger promises. Each promise is a function that fails where a ledger breaks it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

import pytest

from schemas.vocabulary import Channel, Trigger
from sender.ledger.port import Ledger, Retention
from sender.records import Admission, LedgerEntry, Report, recipient_of
from sender.states import Hold, State, Transition
from tests.support.sender.fakes import START, a_job

LEASE = timedelta(minutes=5)
HOUR = timedelta(hours=1)
FAR = START + timedelta(days=30)

Promise = Callable[[Ledger], None]


def ids(entries: Iterable[LedgerEntry]) -> list[str]:
    return [entry.job.id for entry in entries]


def on(entry: LedgerEntry, transition: Transition, until: datetime | None = None, **said: Any) -> Report:
    return Report(entry.job.id, entry.standing.attempt, transition, until, **said)


def found(ledger: Ledger, job: str) -> LedgerEntry:
    entry = ledger.find(job)
    assert entry is not None
    return entry


def state(ledger: Ledger, job: str) -> State:
    return found(ledger, job).standing.state


def a_job_is_accepted_once(ledger: Ledger) -> None:
    job, changed = a_job(), a_job(ticket="T-other")
    assert ledger.accept([job, job], START) == [Admission.ACCEPTED, Admission.DUPLICATE]
    [claimed] = ledger.claim(START, 10, LEASE)
    ledger.record([on(claimed, Transition.DELIVERED)], START)
    assert ledger.accept([changed], START) == [Admission.DUPLICATE]
    assert found(ledger, job.id).job == job
    assert ledger.claim(START, 10, LEASE) == []


def what_was_accepted_comes_back_as_it_was(ledger: Ledger) -> None:
    job = a_job(trigger=Trigger.OPENED, once="k", otherwise=Trigger.STATUS_CHANGED, address="Zoë@Acme.example")
    ledger.accept([job], START)
    [claimed] = ledger.claim(START, 10, LEASE)
    assert claimed.job == job
    assert (claimed.trigger, claimed.form) == (Trigger.OPENED, job.form)
    assert found(ledger, job.id) == claimed


def the_first_event_claims_the_once_key(ledger: Ledger) -> None:
    first = [a_job("e-1", address=name, trigger=Trigger.OPENED, once="k") for name in ("a@x.example", "b@x.example")]
    diverted = a_job("e-2", address="a@x.example", once="k", otherwise=Trigger.STATUS_CHANGED, trigger=Trigger.OPENED)
    dropped = a_job("e-2", address="b@x.example", trigger=Trigger.OPENED, once="k")
    late = a_job("e-1", address="c@x.example", trigger=Trigger.OPENED, once="k")
    other = a_job("e-2", address="d@x.example", trigger=Trigger.OPENED, once="another")
    assert ledger.accept([first[0]], START) == [Admission.ACCEPTED]
    admissions = ledger.accept([first[1], diverted, dropped, late, other], START)
    assert [one.value for one in admissions] == ["accepted", "diverted", "dropped", "accepted", "accepted"]
    assert ledger.accept([diverted, dropped], START) == [Admission.DUPLICATE] * 2
    entry = found(ledger, diverted.id)
    assert diverted.otherwise is not None
    assert (entry.trigger, entry.form) == (Trigger.STATUS_CHANGED, diverted.otherwise.form)
    assert state(ledger, dropped.id) is State.DROPPED
    assert dropped.id not in ids(ledger.claim(START, 10, LEASE))


def the_same_event_id_of_another_source_is_another_event(ledger: Ledger) -> None:
    ours = a_job(trigger=Trigger.OPENED, once="k")
    theirs = a_job(trigger=Trigger.OPENED, once="k", source="/other", address="b@x.example")
    assert ledger.accept([ours, theirs], START) == [Admission.ACCEPTED, Admission.DROPPED]


def a_lane_goes_one_by_one(ledger: Ledger) -> None:
    lane = [a_job("e-1"), a_job("e-2", address=" ZOE@acme.example"), a_job("e-3")]
    others = [
        a_job("e-4", ticket="T-2"),
        a_job("e-4", address="li@desk.example"),
        a_job("e-4", channel=Channel.FAX),
        a_job("e-4", source="/other"),
    ]
    ledger.accept([*lane, *others], START)
    claimed = ledger.claim(START, 10, LEASE)
    assert ids(claimed) == [lane[0].id, *(job.id for job in others)]
    ledger.record([on(claimed[0], Transition.DEFERRED, START + HOUR)], START)
    assert ledger.claim(START, 10, LEASE) == []
    [again] = ledger.claim(START + HOUR, 10, LEASE)
    assert again.job.id == lane[0].id
    ledger.record([on(again, Transition.REFUSED)], START + HOUR)
    assert ids(ledger.claim(START + HOUR, 10, LEASE)) == [lane[1].id]


def a_resent_job_goes_before_those_behind_it(ledger: Ledger) -> None:
    jobs = [a_job(f"e-{number}") for number in range(3)]
    ledger.accept(jobs, START)
    [claimed] = ledger.claim(START, 10, LEASE)
    ledger.record([on(claimed, Transition.REFUSED), on(claimed, Transition.RESENT, START)], START)
    assert ids(ledger.claim(START, 10, LEASE)) == [jobs[0].id]
    assert ledger.claim(START, 10, LEASE) == []


def a_claim_takes_the_longest_due_up_to_its_limit(ledger: Ledger) -> None:
    jobs = [a_job(f"e-{number}", ticket=f"T-{number}") for number in range(4)]
    ledger.accept(jobs, START)
    [first] = ledger.claim(START, 1, LEASE)
    ledger.record([on(first, Transition.DEFERRED, START + HOUR)], START)
    assert ids(ledger.claim(START, 2, LEASE)) == [jobs[1].id, jobs[2].id]
    assert ids(ledger.claim(START + HOUR, 2, LEASE)) == [jobs[3].id, jobs[0].id]


def a_claimed_job_is_nobody_elses_until_its_lease_ends(ledger: Ledger) -> None:
    ledger.accept([a_job()], START)
    [claimed] = ledger.claim(START, 10, LEASE)
    assert (claimed.standing.state, claimed.standing.attempt) == (State.SENDING, 1)
    almost = START + LEASE - timedelta(microseconds=1)
    assert ledger.claim(almost, 10, LEASE) == []
    assert ledger.lapsed(almost, 10) == []
    assert ledger.lapsed(START + LEASE, 10) == [claimed]
    ledger.record([on(claimed, Transition.LAPSED, START + HOUR)], START + LEASE)
    assert ledger.lapsed(START + LEASE, 10) == []
    assert ledger.claim(START + LEASE, 10, LEASE) == []
    [again] = ledger.claim(START + HOUR, 10, LEASE)
    assert (again.job, again.standing.attempt, again.standing.unknowns) == (claimed.job, 2, 1)


def what_is_handed_over_is_written_down(ledger: Ledger) -> None:
    jobs = [a_job("e-1", "T-1"), a_job("e-2", "T-2")]
    ledger.accept(jobs, START)
    first, second = ledger.claim(START, 10, LEASE)
    assert first.standing.never_offered
    assert set(ledger.hand_over([first])) == set(ledger.hand_over([first])) == {first.job.id}
    assert [found(ledger, one.id).standing.never_offered for one in jobs] == [False, True]
    freed = [on(one, Transition.FREED, START) for one in (first, second)]
    assert ledger.record(freed, START) == [freed[0]]
    assert state(ledger, first.job.id) is State.SENDING
    assert ledger.record([on(first, Transition.DEFERRED, START)], START) == []
    assert all(one.standing.never_offered for one in ledger.claim(START, 10, LEASE))


def a_claim_that_was_lost_hands_nothing_over(ledger: Ledger) -> None:
    ledger.accept([a_job()], START)
    [lost] = ledger.claim(START, 10, LEASE)
    assert ledger.record([on(lost, Transition.FREED, START)], START) == []
    assert not ledger.hand_over([lost])
    [again] = ledger.claim(START, 10, LEASE)
    assert (again.standing.attempt, again.standing.unknowns, again.standing.freed) == (2, 0, 1)
    assert not ledger.hand_over([lost])
    assert again == found(ledger, again.job.id)
    assert set(ledger.hand_over([again])) == {again.job.id}


def what_nobody_works_on_is_found_whatever_its_lease(ledger: Ledger) -> None:
    ledger.accept([a_job(f"e-{number}", f"T-{number}") for number in range(4)], START)
    first, second, third = ledger.claim(START, 3, LEASE)
    ledger.hand_over([first, second])
    own = [one.job.id for one in (first, second, third)]
    assert ledger.abandoned(START, 10, own) == []
    assert ids(ledger.abandoned(START, 10, own[:1])) == own[1:]
    assert [one.standing.never_offered for one in ledger.abandoned(START, 10, own[:1])] == [False, True]
    assert len(ledger.abandoned(START, 1, ())) == 1
    ledger.record([on(third, Transition.DELIVERED)], START)
    assert ids(ledger.abandoned(START, 10, own[:1])) == own[1:2]


def a_late_answer_counts_until_the_next_claim(ledger: Ledger) -> None:
    ledger.accept([a_job("e-1", ticket="T-1"), a_job("e-1", ticket="T-1", address="b@x.example")], START)
    claimed = ledger.claim(START, 10, LEASE)
    lapses = [on(entry, Transition.LAPSED, START + LEASE) for entry in claimed]
    assert ledger.record(lapses, START + LEASE) == []
    in_time = on(claimed[0], Transition.DELIVERED)
    assert ledger.record([in_time], START + LEASE) == []
    [again] = ledger.claim(START + LEASE, 10, LEASE)
    late = on(claimed[1], Transition.DELIVERED)
    assert again.job.id == late.job
    assert ledger.record([late], START + LEASE) == [late]
    assert state(ledger, late.job) is State.SENDING
    assert state(ledger, in_time.job) is State.DELIVERED


def a_report_that_the_table_forbids_changes_nothing(ledger: Ledger) -> None:
    ledger.accept([a_job()], START)
    [claimed] = ledger.claim(START, 10, LEASE)
    delivered = on(claimed, Transition.DELIVERED)
    void = [delivered, on(claimed, Transition.REFUSED), Report("nobody", 1, Transition.DELIVERED)]
    assert ledger.record([delivered, *void], START) == void
    assert state(ledger, delivered.job) is State.DELIVERED
    assert len(ledger.history(delivered.job)) == 3


def what_expires_while_it_waits_is_found(ledger: Ledger) -> None:
    soon = START + HOUR
    jobs = [a_job(f"e-{number}", expires=soon) for number in range(2)]
    held, sending = a_job("e-7", ticket="T-7", expires=soon), a_job("e-8", ticket="T-8", expires=soon)
    later = a_job("e-9", ticket="T-9", expires=FAR)
    ledger.accept([sending], START)
    ledger.claim(START, 1, timedelta(days=1))
    ledger.accept([*jobs, held, later], START)
    ledger.record([on(found(ledger, held.id), Transition.HELD, hold=Hold.PERSON)], START)
    assert ledger.overdue(soon - timedelta(microseconds=1), 10) == []
    assert sorted(ids(ledger.overdue(soon, 10))) == sorted([jobs[0].id, jobs[1].id, held.id])
    assert len(ledger.overdue(soon, 1)) == 1


def every_change_is_kept(ledger: Ledger) -> None:
    ledger.accept([a_job()], START)
    [claimed] = ledger.claim(START, 10, LEASE)
    report = Report(claimed.job.id, 1, Transition.DEFERRED, START + HOUR, 451, "try later", "bad field")
    ledger.record([report], START + LEASE)
    first, second, third = ledger.history(claimed.job.id)
    assert (first.sequence, first.at, first.transition, first.attempt) == (1, START, Transition.ACCEPTED, 0)
    assert (second.sequence, second.state, second.attempt) == (2, State.SENDING, 1)
    assert (third.sequence, third.at, third.state, third.attempt) == (3, START + LEASE, State.QUEUED, 1)
    assert (third.code, third.text, third.fault) == (451, "try later", "bad field")
    assert ledger.history("nobody") == []


def counts_and_next_due_tell_what_there_is_to_do(ledger: Ledger) -> None:
    assert ledger.next_due() is None
    jobs = [a_job(f"e-{number}", expires=START + 2 * HOUR) for number in range(3)]
    ledger.accept(jobs, START)
    assert ledger.next_due() == START
    [claimed] = ledger.claim(START, 10, LEASE)
    assert ledger.next_due() == START + LEASE
    ledger.record([on(claimed, Transition.DEFERRED, START + HOUR)], START)
    assert ledger.next_due() == START + HOUR
    ledger.record([on(claimed, Transition.HELD, hold=Hold.PERSON)], START)
    assert ledger.next_due() == START + 2 * HOUR
    counts = ledger.counts()
    assert (counts[State.QUEUED], counts[State.HELD], counts[State.DELIVERED]) == (2, 1, 0)
    assert set(counts) == set(State)


def what_waits_for_its_mailbox_need_not_count_as_due(ledger: Ledger) -> None:
    first, second = a_job("e-1", expires=FAR), a_job("e-1", address="b@x.example", expires=FAR)
    ledger.accept([first], START)
    ledger.accept([second], START + HOUR)
    assert ledger.next_due([recipient_of(first)]) == START + HOUR
    assert ledger.next_due([recipient_of(second)]) == START
    assert ledger.next_due([recipient_of(one) for one in (first, second)]) == FAR


def how_long_the_oldest_job_waits_is_known(ledger: Ledger) -> None:
    assert ledger.oldest() == {}
    first, second, third = (a_job(f"e-{number}", f"T-{number}", expires=FAR) for number in range(3))
    for hours, job in enumerate((first, second, third)):
        ledger.accept([job], START + hours * HOUR)
    ledger.record([Report(second.id, 0, Transition.HELD, hold=Hold.PERSON)], START + 5 * HOUR)
    assert ledger.oldest() == {State.QUEUED: START, State.HELD: START + HOUR}
    [claimed] = ledger.claim(START, 1, LEASE)
    ledger.record([on(claimed, Transition.DELIVERED)], START)
    assert ledger.oldest() == {State.QUEUED: START + 2 * HOUR, State.HELD: START + HOUR}


def finished_jobs_are_forgotten_after_their_time_alone(ledger: Ledger) -> None:
    retention = Retention(finished=HOUR, once=timedelta(days=9))
    done, waiting = a_job("e-1", expires=START + HOUR), a_job("e-1", ticket="T-2", address="b@x.example", expires=FAR)
    ledger.accept([done, waiting], START)
    for entry in ledger.claim(START, 10, LEASE):
        then = Transition.DELIVERED if entry.job.id == done.id else Transition.DEFERRED
        ledger.record([on(entry, then, FAR)], START)
    almost = START + 2 * HOUR - timedelta(microseconds=1)
    assert ledger.prune(almost, retention) == 0
    assert ledger.accept([done], almost) == [Admission.DUPLICATE]
    assert ledger.prune(START + 2 * HOUR, retention) == 1
    assert (ledger.find(done.id), ledger.history(done.id)) == (None, [])
    assert ledger.prune(FAR + HOUR, retention) == 0
    assert state(ledger, waiting.id) is State.QUEUED


def a_once_key_outlives_its_last_use(ledger: Ledger) -> None:
    retention = Retention(once=timedelta(days=9))
    jobs = [a_job(f"e-{number}", trigger=Trigger.OPENED, once="k", expires=FAR) for number in range(4)]
    days = [START + timedelta(days=day) for day in (0, 8, 16, 25)]
    assert ledger.accept(jobs[:1], days[0]) == [Admission.ACCEPTED]
    assert ledger.prune(days[1], retention) == 0
    assert ledger.accept(jobs[1:2], days[1]) == [Admission.DROPPED]
    assert ledger.prune(days[2], retention) == 0
    assert ledger.accept(jobs[2:3], days[2]) == [Admission.DROPPED]
    assert ledger.prune(days[3], retention) == 1
    assert ledger.accept(jobs[3:], days[3]) == [Admission.ACCEPTED]


def a_batch_is_taken_in_whole_or_not_at_all(ledger: Ledger) -> None:
    class Torn(list[object]):
        def __iter__(self) -> Iterable[object]:  # type: ignore[override]
            yield a_job("e-1", trigger=Trigger.OPENED, once="k")
            raise MemoryError

    with pytest.raises(MemoryError):
        ledger.accept(Torn(), START)  # type: ignore[arg-type]
    assert (sum(ledger.counts().values()), list(ledger.outbox(10))) == (0, [])
    assert ledger.accept([a_job("e-2", trigger=Trigger.OPENED, once="k")], START) == [Admission.ACCEPTED]
