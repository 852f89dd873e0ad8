"""Engines killed at any moment, on a real broker: every job once, in order, whatever a reader of everything may see."""

from __future__ import annotations

import random
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from adapters.kafka.transaction import Step
from schemas.log import NewRecord
from schemas.topics import JOBS
from tests.faults.engines import PEOPLE, Desk, Engine, check_once, engines, until
from tests.support.brokers.cluster import Cluster
from tests.support.brokers.native import NativeBroker

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(300)]

NEVER = threading.Event()
"""To wait for a while: it is never set."""


@contextmanager
def load(desk: Desk, per_round: int) -> Iterator[None]:
    """Events that come without end while the block runs."""
    stop = threading.Event()

    def emit() -> None:
        while not stop.wait(0.2):
            desk.emit(per_round)

    thread = threading.Thread(target=emit)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def kill_again_and_again(desk: Desk, victim: Engine, kills: int, chance: random.Random) -> None:
    """Kill one at random moments: most often while it works, now and then while it starts."""
    for kill in range(kills):
        victim.start()
        if kill % 5 < 4:
            until(victim.is_up, 30)
        NEVER.wait(chance.uniform(0.0, 2.0))
        victim.end()


def run_with_kills(cluster: Cluster, folder: Path, kills: int) -> Desk:
    desk = Desk(cluster)
    with engines(cluster, folder, "steady", "victim") as (steady, victim):
        steady.start()
        with load(desk, per_round=200):
            kill_again_and_again(desk, victim, kills, random.Random(7))
        victim.start()
        desk.wait([steady, victim])
    return desk


def test_kills_at_random_moments_lose_nothing_and_double_nothing(cluster: Cluster, tmp_path: Path) -> None:
    check_once(run_with_kills(cluster, tmp_path, kills=5))


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_twenty_kills_at_random_moments_lose_nothing_and_double_nothing(cluster: Cluster, tmp_path: Path) -> None:
    desk = run_with_kills(cluster, tmp_path, kills=20)
    check_once(desk)
    # The control: at least one of the kills fell into a transaction.
    assert len(cluster.read(JOBS, committed=False)) > len(desk.sent) * PEOPLE


def test_kills_between_the_steps_of_a_commit(cluster: Cluster, tmp_path: Path) -> None:
    desk = Desk(cluster)
    with engines(cluster, tmp_path, "one") as (one,):
        for number, step in enumerate(Step, start=1):
            desk.emit(60)
            one.start("SIGKILL", step.name)
            assert one.ended() == -signal.SIGKILL, number
        one.start()
        desk.wait([one])
    check_once(desk)
    # The control: whoever reads without regard to transactions sees what those that died had written.
    assert len(cluster.read(JOBS, committed=False)) > len(desk.sent) * PEOPLE
    with pytest.raises(AssertionError):
        check_once(desk, committed=False)


@pytest.mark.parametrize(
    "step", [pytest.param(one, marks=pytest.mark.slow) for one in (Step.BEGUN, Step.STORED)] + [Step.OFFSETS_ADDED]
)
def test_an_engine_that_was_taken_for_dead_is_fenced_and_goes_on(cluster: Cluster, tmp_path: Path, step: Step) -> None:
    desk = Desk(cluster)
    with engines(cluster, tmp_path, "zombie", "other") as (zombie, other):
        desk.emit(200)
        zombie.start("SIGSTOP", step.name)
        until(zombie.is_stopped, 30)
        other.start()
        # Its session and its transaction have to end first; then the other one has its partitions.
        desk.wait()
        zombie.send(signal.SIGCONT)
        until(lambda: zombie.times_logged("batch_not_committed") > 0, 30)
        check_once(desk)
        other.end()
        desk.emit(20)
        # The other one is gone, so that it is the zombie that goes on.
        desk.wait([zombie])
    check_once(desk)


def test_engines_that_come_and_go_all_the_time(cluster: Cluster, tmp_path: Path) -> None:
    desk = Desk(cluster)
    with engines(cluster, tmp_path, "one", "two", "three") as members:
        with load(desk, per_round=20):
            for end in (signal.SIGTERM, signal.SIGKILL):
                for member in members:
                    member.start()
                NEVER.wait(5.0)
                for member in members[1:]:
                    member.end(end)
                members[0].end(end)
        members[0].start()
        desk.wait([members[0]])
    check_once(desk)


def run_with_a_dead_broker(cluster: Cluster, mortal: NativeBroker, folder: Path, seconds: float) -> Desk:
    """The broker dies while no transaction is open, and comes back.

    With one replica, Apache Kafka 4.3.1 forgets to end a transaction that is open when it is killed: as it starts, it
    takes partitions without a leader for deleted ones, and leaves out their markers. So nobody could keep the promise
    then; with three replicas there is a leader.
    """
    desk = Desk(cluster)
    with engines(cluster, folder, "one", "two") as pair:
        for one in pair:
            one.start()
        until(lambda: all(one.is_up() for one in pair))
        desk.emit(100)
        desk.wait()
        check_once(desk)
        mortal.kill()
        NEVER.wait(seconds)
        mortal.start()
        desk.emit(1_000)
        desk.wait(pair)
    return desk


def test_a_broker_that_dies_and_comes_back(cluster: Cluster, mortal: NativeBroker, tmp_path: Path) -> None:
    check_once(run_with_a_dead_broker(cluster, mortal, tmp_path, seconds=2.0))


@pytest.mark.slow
def test_a_broker_that_is_dead_for_half_a_minute(cluster: Cluster, mortal: NativeBroker, tmp_path: Path) -> None:
    check_once(run_with_a_dead_broker(cluster, mortal, tmp_path, seconds=30.0))


def run_with_a_hanging_broker(broker: NativeBroker, folder: Path, seconds: float) -> None:
    """The broker hangs in the midst of the work, and goes on."""
    with Cluster(broker.bootstrap) as cluster, engines(cluster, folder, "one", "two") as pair:
        desk = Desk(cluster)
        for one in pair:
            one.start()
        until(lambda: all(one.is_up() for one in pair))
        with load(desk, per_round=200):
            NEVER.wait(2.0)
            broker.pause()
            NEVER.wait(seconds)
            broker.resume()
        desk.wait(pair)
        check_once(desk)


def test_a_broker_that_hangs_for_longer_than_a_transaction(lone: NativeBroker, tmp_path: Path) -> None:
    run_with_a_hanging_broker(lone, tmp_path, seconds=8.0)


@pytest.mark.slow
def test_a_broker_that_hangs_for_half_a_minute(lone: NativeBroker, tmp_path: Path) -> None:
    run_with_a_hanging_broker(lone, tmp_path, seconds=30.0)


def test_the_check_notices_a_job_that_was_doubled(cluster: Cluster, tmp_path: Path) -> None:
    desk = Desk(cluster)
    with engines(cluster, tmp_path, "one") as (one,):
        one.start()
        desk.emit(20)
        desk.wait()
        check_once(desk)
        doubled = cluster.read(JOBS)[0]
        cluster.append([NewRecord(JOBS, doubled.key, doubled.value)])
    with pytest.raises(AssertionError):
        check_once(desk)
