"""What people do to jobs: it is possible exactly where the ledger takes it, and else there are words that say why."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from adapters.sqlite.ledger import SqliteLedger
from schemas.vocabulary import Trigger
from sender.ledger.operator_actions import Act, act_on, objection, selected
from sender.ledger.port import Ledger
from sender.records import Report, Selection
from sender.states import Hold, State, Transition
from sender.storms.storm import StormPolicy
from tests.support.sender.fakes import START, a_job

SOON = START + timedelta(minutes=1)
LEASE = timedelta(minutes=5)
STORM = StormPolicy(limit=1, quiet=timedelta(seconds=1))


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with closing(SqliteLedger(tmp_path / "tocsin.db")) as made:
        yield made


def one_in(ledger: Ledger, state: State) -> str:
    """The id of a job that stands so."""
    if state is State.BUNDLED:
        jobs = [a_job(f"e-{number}", f"T-{number}") for number in range(3)]
        ledger.accept(jobs, START, STORM)
        ledger.end_storms(START + timedelta(seconds=2), STORM)
        return next(job.id for job in jobs if ledger.bundle(jobs[2].id) and job.id != jobs[2].id and job is not jobs[0])
    if state is State.DROPPED:
        once = [a_job(f"e-{number}", trigger=Trigger.OPENED, once="key") for number in range(2)]
        ledger.accept(once, START)
        return once[1].id
    job = a_job()
    ledger.accept([job], START)
    tried = state in (State.SENDING, State.UNKNOWN, State.DELIVERED, State.FAILED)
    if tried:
        ledger.claim(START, 1, LEASE)
    ways = {
        State.UNKNOWN: Report(job.id, 1, Transition.UNDECIDED, until=SOON),
        State.DELIVERED: Report(job.id, 1, Transition.DELIVERED),
        State.FAILED: Report(job.id, 1, Transition.REFUSED),
        State.HELD: Report(job.id, 0, Transition.HELD, hold=Hold.MODE),
        State.EXPIRED: Report(job.id, 0, Transition.EXPIRED),
        State.CANCELLED: Report(job.id, 0, Transition.CANCELLED),
        State.WITHDRAWN: Report(job.id, 0, Transition.WITHDRAWN),
    }
    if state in ways:
        assert ledger.record([ways[state]], START) == []
    return job.id


def state_of(ledger: Ledger, job: str) -> State:
    entry = ledger.find(job)
    assert entry is not None
    return entry.standing.state


POSSIBLE = {
    Act.RESEND: {State.FAILED, State.CANCELLED, State.WITHDRAWN},
    Act.CANCEL: {State.QUEUED, State.UNKNOWN, State.HELD, State.BUNDLED},
    Act.HOLD: {State.QUEUED, State.HELD, State.BUNDLED},
    Act.RELEASE: {State.HELD},
}
AFTER = {
    Act.RESEND: State.QUEUED,
    Act.CANCEL: State.CANCELLED,
    Act.HOLD: State.HELD,
    Act.RELEASE: State.QUEUED,
}


@pytest.mark.parametrize("act", Act)
@pytest.mark.parametrize("state", State)
def test_what_can_be_done_is_done_and_what_can_not_is_said(ledger: Ledger, state: State, act: Act) -> None:
    job = one_in(ledger, state)
    assert state_of(ledger, job) is state
    before = ledger.history(job)

    [done] = act_on(ledger, [job], act, SOON, "because I say so")

    assert done.job == job
    assert (done.objection is None) == (state in POSSIBLE[act])
    if done.objection is None:
        assert state_of(ledger, job) is AFTER[act]
        assert ledger.history(job)[-1].text == "because I say so"
    else:
        assert state.value in done.objection or "being sent" in done.objection
        assert ledger.history(job) == before


def test_what_a_person_holds_is_not_held_again(ledger: Ledger) -> None:
    job = one_in(ledger, State.HELD)
    once, twice = [done.objection for _ in range(2) for done in act_on(ledger, [job], Act.HOLD, SOON)]
    assert (once, twice) == (None, "it is held by a person already")


@pytest.mark.parametrize(("act", "state"), [(Act.RESEND, State.FAILED), (Act.RELEASE, State.HELD)])
def test_what_has_expired_is_never_sent_whoever_asks(ledger: Ledger, act: Act, state: State) -> None:
    job = one_in(ledger, state)
    entry = ledger.find(job)
    assert entry is not None
    assert objection(entry, act, entry.job.expires - timedelta(seconds=1)) is None
    [done] = act_on(ledger, [job], act, entry.job.expires)
    assert "expired job is never sent" in (done.objection or "")
    assert state_of(ledger, job) is state


def test_a_job_that_nobody_knows_is_named(ledger: Ledger) -> None:
    job = one_in(ledger, State.HELD)
    missing, known = act_on(ledger, ["nope", job], Act.RELEASE, SOON)
    assert (missing.objection, known.objection) == ("there is no such job", None)


class Busy(SqliteLedger):
    """A ledger on which a sender claims what is due, just before a person's wish is recorded."""

    def record(self, reports: Sequence[Report], now: datetime) -> list[Report]:
        self.claim(now, 1, LEASE)
        return super().record(reports, now)


def test_a_job_that_changes_at_the_same_moment_is_left_as_it_is(tmp_path: Path) -> None:
    with closing(Busy(tmp_path / "tocsin.db")) as ledger:
        ledger.accept([a_job()], START)
        [done] = act_on(ledger, [a_job().id], Act.CANCEL, SOON)
        assert "just changed" in (done.objection or "")
        assert state_of(ledger, done.job) is State.SENDING


def test_many_are_selected_page_by_page_in_the_order_of_their_acceptance(ledger: Ledger) -> None:
    jobs = [a_job(f"e-{number}", f"T-{number}") for number in range(1_203)]
    for start in range(0, len(jobs), 100):
        ledger.accept(jobs[start : start + 100], START + timedelta(seconds=start))
    chosen = selected(ledger, Selection(states=frozenset({State.QUEUED})))
    assert chosen == [job.id for job in jobs]
    assert all(done.objection is None for done in act_on(ledger, chosen, Act.HOLD, SOON))
    assert ledger.counts()[State.HELD] == len(jobs)
