"""Several senders on one ledger, as threads and as processes: each job is one sender's, and lanes stay in order."""

from __future__ import annotations

import random
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from datetime import timedelta
from threading import Barrier
from typing import TypeVar

import msgspec
import psycopg
import pytest

from adapters.postgres import session
from adapters.postgres.dialect import translated
from adapters.postgres.ledger import PostgresLedger
from schemas.outcome import Outcome
from schemas.vocabulary import Trigger
from sender.ledger.port import Ledger
from sender.records import Admission, Report, Selection
from sender.states import FINISHED, TABLE, Hold, State, Transition
from sender.storms.storm import StormPolicy
from tests.postgres.claiming import JOBS, LEASE, claim_all
from tests.support.sender.fakes import START, a_job

pytestmark = pytest.mark.postgres

SENDERS, STEPS = 4, 40
STORM = StormPolicy(limit=5, quiet=timedelta(seconds=1), longest=timedelta(seconds=1), digest_size=4)
OVER = START + STORM.longest

T = TypeVar("T")
Had = list[tuple[str, int]]


@pytest.fixture
def senders(postgres_url: str) -> Iterator[list[Ledger]]:
    with ExitStack() as stack:
        yield [stack.enter_context(closing(PostgresLedger(postgres_url))) for _ in range(SENDERS)]


def at_once(senders: list[Ledger], work: Callable[[Ledger, int], T]) -> list[T]:
    """What each of them makes of it, all begun at the same moment."""
    start = Barrier(len(senders))

    def begin(number: int) -> T:
        start.wait()
        return work(senders[number], number)

    with ThreadPoolExecutor(len(senders)) as threads:
        return list(threads.map(begin, range(len(senders))))


def check_claims(had: Had) -> None:
    assert {job for job, _ in had} == {job.id for job in JOBS}
    assert [one for one, times in Counter(had).items() if times > 1] == [], "two had the same job"


def test_threads_claim_nothing_twice_and_keep_lanes_in_order(senders: list[Ledger]) -> None:
    senders[0].accept(JOBS, START)
    had = at_once(senders, lambda ledger, number: claim_all(ledger, f"s{number}"))
    check_claims([one for each in had for one in each])
    assert all(had), "one sender did all the work"


def test_processes_claim_nothing_twice_and_keep_lanes_in_order(postgres_url: str) -> None:
    with closing(PostgresLedger(postgres_url)) as ledger:
        ledger.accept(JOBS, START)
    command = [sys.executable, "-m", "tests.postgres.claiming", postgres_url]
    children = [subprocess.Popen([*command, f"s{n}"], stdout=subprocess.PIPE, text=True) for n in range(2)]
    lines = [line.split() for child in children for line in child.communicate()[0].splitlines()]
    assert [child.returncode for child in children] == [0, 0]
    check_claims([(job, int(attempt)) for job, attempt in lines])


def test_the_check_finds_claims_without_a_lock(
    senders: list[Ledger], postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "translated", lambda statement: translated(re.sub(r"/\*pg .*?\*/", "", statement)))
    senders[0].accept(JOBS, START)
    with closing(psycopg.connect(postgres_url, autocommit=True)) as connection:
        # The second net: no change of a job is written down twice.
        connection.execute("ALTER TABLE job_changes DROP CONSTRAINT job_changes_pkey")
    with pytest.raises(AssertionError):
        check_claims([one for had in at_once(senders, lambda one, n: claim_all(one, f"s{n}")) for one in had])


def racing_for_keys(senders: list[Ledger]) -> Counter[str]:
    """How many events claimed each of some `once` keys, which the senders ask for in any order."""

    def take(ledger: Ledger, number: int) -> list[str]:
        keys = [f"k-{key}" for key in range(60)]
        random.Random(number).shuffle(keys)
        jobs = [
            a_job(f"e-{number}-{key}", f"T-{key}", f"p{number}@x.example", trigger=Trigger.OPENED, once=key)
            for key in keys
        ]
        said = [one for start in range(0, 60, 6) for one in ledger.accept(jobs[start : start + 6], START)]
        return [key for key, admission in zip(keys, said, strict=True) if admission is Admission.ACCEPTED]

    return Counter(key for claimed in at_once(senders, take) for key in claimed)


def test_one_event_alone_claims_each_once_key(senders: list[Ledger]) -> None:
    assert racing_for_keys(senders) == Counter({f"k-{key}": 1 for key in range(60)})


def let_through(senders: list[Ledger], mailbox: str) -> int:
    """How many of one mailbox's jobs were not held, when all senders take some in."""

    def take(ledger: Ledger, number: int) -> None:
        for job in range(15):
            ledger.accept([a_job(f"e-{number}-{job}", f"T-{number}-{job}", mailbox)], START, STORM)

    before = senders[0].counts()[State.QUEUED]
    at_once(senders, take)
    return senders[0].counts()[State.QUEUED] - before


def test_a_storm_lets_through_as_many_as_with_one_sender(senders: list[Ledger]) -> None:
    assert [let_through(senders, f"p{number}@x.example") for number in range(3)] == [STORM.limit] * 3


def test_the_check_finds_a_storm_that_is_not_counted_by_one_at_a_time(
    senders: list[Ledger], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session.PostgresSession, "reserve", lambda _self, _names: None)
    assert any(let_through(senders, f"p{number}@x.example") > STORM.limit for number in range(30))


def anything(ledger: Ledger, number: int) -> None:
    """All that a sender and people do, in any order."""
    chance = random.Random(number)
    for step in range(STEPS):
        event, people = f"e-{number}-{step}", [f"p{person}@x.example" for person in range(3)]
        ledger.accept([a_job(event, f"T-{chance.randint(0, 3)}", one) for one in people], START, STORM)
        claimed = ledger.claim(OVER, chance.randint(1, 6), LEASE)
        ends = [chance.choice([Transition.DELIVERED, Transition.REFUSED, Transition.DEFERRED]) for _ in claimed]
        reports = [Report(e.job.id, e.standing.attempt, end, OVER) for e, end in zip(claimed, ends, strict=True)]
        ledger.record([*reports, *whims(ledger, chance)], OVER)
        if chance.random() < 0.2:
            ledger.end_storms(OVER, STORM)


def whims(ledger: Ledger, chance: random.Random) -> Iterator[Report]:
    """What a person wants with some of the newest jobs; the table may forbid it."""
    lines = ledger.list(Selection(), 40)
    for line in chance.sample(lines, min(4, len(lines))):
        what = chance.choice([Transition.CANCELLED, Transition.RESENT, Transition.RELEASED, Transition.HELD])
        hold = Hold.PERSON if what is Transition.HELD else None
        yield Report(line.entry.job.id, line.entry.standing.attempt, what, OVER, hold=hold)


WRONG_HEADS = """
    SELECT COUNT(*) FROM (SELECT lane, MIN(seq) AS oldest FROM jobs WHERE in_lane = 1 GROUP BY lane) AS lanes
    FULL JOIN (SELECT lane, seq FROM jobs WHERE head = 1) AS heads USING (lane) WHERE seq IS DISTINCT FROM oldest
"""

LOST_BUNDLES = """
    SELECT COUNT(*) FROM jobs WHERE state = 'bundled'
    AND NOT EXISTS (SELECT 1 FROM jobs AS carriers WHERE seq = jobs.carrier AND open = 1 AND digest = 1)
"""

DEADLOCKS = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"


def check_world(url: str, ledger: Ledger) -> None:
    """Lanes have their heads, digests their carriers, histories follow the table, and each change was told in order."""
    with closing(psycopg.connect(url)) as connection:
        for statement in (WRONG_HEADS, LOST_BUNDLES):
            assert connection.execute(statement).fetchall() == [(0,)], statement
    told: dict[str, list[int]] = {}
    for one in ledger.outbox(100_000):
        outcome = msgspec.json.decode(one.record.value or b"", type=Outcome)
        told.setdefault(outcome.job, []).append(outcome.sequence)
    entries = [line.entry for line in ledger.list(Selection(), 100_000)]
    for entry in entries:
        history = ledger.history(entry.job.id)
        assert [change.sequence for change in history] == list(range(1, entry.standing.changes + 1))
        states = [None, *(change.state for change in history)]
        for before, change in zip(states, history, strict=False):
            assert (before in TABLE[change.transition].sources) or not before
        wanted = [change.sequence for change in history if change.transition is not Transition.CLAIMED]
        assert told[entry.job.id] == wanted, "told in another order than it happened"


def check_deadlocks(url: str) -> None:
    with closing(psycopg.connect(url)) as connection:
        assert connection.execute(DEADLOCKS).fetchall() == [(0,)], "they reserve in one order, so none should be"


def test_whatever_is_done_at_once_the_ledger_stays_whole(senders: list[Ledger], postgres_url: str) -> None:
    at_once(senders, anything)
    check_world(postgres_url, senders[0])
    check_deadlocks(postgres_url)
    counts = senders[0].counts()
    assert sum(counts.values()) == SENDERS * STEPS * 3
    assert counts[State.DELIVERED]
    assert sum(counts[state] for state in State if state not in FINISHED)


def test_the_check_finds_senders_that_reserve_nothing(
    senders: list[Ledger], postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def play() -> None:
        at_once(senders, anything)
        check_world(postgres_url, senders[0])
        check_deadlocks(postgres_url)

    monkeypatch.setattr(session.PostgresSession, "reserve", lambda _self, _names: None)
    with pytest.raises((AssertionError, RuntimeError)):
        play()
