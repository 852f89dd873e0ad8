"""A group whose members are killed and come back, at once or long after they were given up, settles soon."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count

import pytest

from schemas.log import NewRecord
from schemas.topics import JOBS, TICKETS
from tests.faults.member_child import GROUP
from tests.support.brokers.cluster import Cluster

pytestmark = pytest.mark.kafka
TOPICS = {"events": TICKETS, "jobs": JOBS, "nothing": JOBS}
PARTITIONS = 12
SETTLES_WITHIN = 15.0
STAYS_SO_FOR = 3.0
NAMES = ("one", "two")


class Members:
    """Two members, as processes."""

    def __init__(self, cluster: Cluster, kind: str, session: float, *flags: str) -> None:
        self._cluster = cluster
        self._arguments = [cluster.bootstrap, cluster.prefix, kind]
        self._flags = [str(session), *flags]
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._topic = TOPICS[kind]
        self._is_idle = kind == "nothing"
        self._numbers = count()
        cluster.create(self._topic, partitions=PARTITIONS)

    def start(self, name: str) -> None:
        command = [sys.executable, "-m", "tests.faults.member_child", *self._arguments, name, *self._flags]
        self._running[name] = subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)

    def kill(self, name: str) -> None:
        process = self._running.pop(name)
        process.kill()
        process.wait()

    def settle(self) -> float:
        """In how many seconds each has its half of the partitions, for good; infinite where it takes too long."""
        began = time.monotonic()
        since = began
        while time.monotonic() < since + STAYS_SO_FOR:
            self._write()
            members = self._cluster.members(GROUP)
            if {name: len(had) for name, had in members.items()} != dict.fromkeys(NAMES, PARTITIONS // 2):
                since = time.monotonic()
            if since > began + SETTLES_WITHIN:
                return float("inf")
        return since - began

    def _write(self) -> None:
        """So that the group has something to do in every partition, where it does anything."""
        if self._is_idle:
            return
        number = next(self._numbers)
        self._cluster.append([NewRecord(self._topic, b"k", b"%d" % number)], partition=number % PARTITIONS)


@contextmanager
def members(cluster: Cluster, kind: str, session: float, *flags: str) -> Iterator[Members]:
    made = Members(cluster, kind, session, *flags)
    try:
        for name in NAMES:
            made.start(name)
        assert made.settle() < float("inf")
        yield made
    finally:
        for name in [*made._running]:
            made.kill(name)


def rounds(made: Members, pauses: Sequence[float], seed: int = 1) -> list[float]:
    """One or both are killed, and come back after each of these pauses: how long it took to settle."""
    chance = random.Random(seed)
    took = []
    for pause in pauses:
        killed = chance.sample(NAMES, chance.choice([1, 2]))
        for name in killed:
            made.kill(name)
        # Nobody can say when a session has ended but the clock.
        time.sleep(pause)
        for name in killed:
            made.start(name)
        took.append(made.settle())
    return took


@pytest.mark.timeout(240)
@pytest.mark.parametrize("kind", ["events", "jobs"])
def test_a_group_settles_whose_members_come_back(cluster: Cluster, kind: str) -> None:
    with members(cluster, kind, 3.0) as made:
        took = rounds(made, [0.0, 3.5, 4.0, 5.0])
        assert max(took) <= SETTLES_WITHIN, took


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("kind", ["events", "jobs"])
def test_a_group_settles_after_twenty_kills_and_absences_of_up_to_fourteen_seconds(cluster: Cluster, kind: str) -> None:
    with members(cluster, kind, 10.0) as made:
        took = rounds(made, [0, 11, 14, 3, 12, 13, 11, 6, 14, 1, 12, 11, 13, 10, 14, 9, 12, 2, 13, 14], seed=3)
        assert max(took) <= SETTLES_WITHIN, took


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_members_that_do_something_else_while_they_join_do_not_settle(cluster: Cluster) -> None:
    """The control: without what group_reader.py does about it, the check finds a group that makes no end."""
    with members(cluster, "nothing", 10.0, "restless") as made:
        took: list[float] = []
        while len(took) < 8 and max(took, default=0.0) <= SETTLES_WITHIN:
            took += rounds(made, [12.0 + len(took) % 3], seed=3 + len(took))
        assert max(took) > SETTLES_WITHIN, took
