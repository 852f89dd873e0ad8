"""Engines as processes of their own, and what they have done, as a reader sees it who shares no code with them."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import msgspec
from kafka.errors import KafkaError

from adapters.kafka.topics import create_topics
from adapters.kafka.watchdog import EXIT_CODE
from schemas.log import NewRecord, Record
from schemas.topics import DEAD_LETTERS, DECISIONS, DIRECTORY, JOBS, TICKETS
from tests.kafka.members import settings_of
from tests.support.brokers.cluster import Cluster
from tests.support.helpdesk.events import Helpdesk
from tests.support.helpdesk.files import created

PEOPLE = 3
PARTITIONS = 4
GROUP = "engine"
WITHIN = 100.0


class Desk:
    """A helpdesk on Kafka: topics, a directory of three people, and as many tickets as a test wants."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        create_topics(settings_of(cluster), PARTITIONS, replication=1)
        desk = Helpdesk()
        for number in range(PEOPLE):
            desk.contact(f"ct-{number}", "contract/C-7")
        cluster.append(directory_record(record) for record in desk.records.values())
        self.sent: list[str] = []

    def emit(self, count: int, tickets: int = 10) -> None:
        """Append so many events about a few tickets, so that their order shows."""
        names = {number: f"T-{number % tickets}" for number in range(len(self.sent), len(self.sent) + count)}
        events = [(name, created(number, id=name)) for number, name in names.items()]
        self.cluster.append(NewRecord(TICKETS, key.encode(), json.dumps(event).encode()) for key, event in events)
        self.sent += [event["id"] for _, event in events]

    def is_done(self) -> bool:
        """Whether the group has committed all that there is."""
        try:
            committed = self.cluster.committed(GROUP, TICKETS)
        except KafkaError:
            # A broker that has just come back does not know all groups yet.
            return False
        return all(committed.get(partition, 0) >= end for partition, end in self.cluster.ends(TICKETS).items())

    def wait(
        self,
        engines: Iterable[Engine] = (),
        within: float = WITHIN,
        meanwhile: Callable[[], None] = lambda: None,
    ) -> None:
        """Wait until all is decided. An engine that ended itself, as it says it may, is started again."""

        def revive() -> None:
            meanwhile()
            for engine in engines:
                engine.revive()

        until(self.is_done, within, revive)


def directory_record(record: dict[str, Any]) -> NewRecord:
    return NewRecord(DIRECTORY, f"{record['kind']}/{record['id']}".encode(), json.dumps(record).encode())


def until(holds: Callable[[], bool], within: float = WITHIN, meanwhile: Callable[[], None] = lambda: None) -> None:
    """Wait for something. There is nobody who could say when it has come about, so it is looked at again."""
    deadline = time.monotonic() + within
    while not holds():
        assert time.monotonic() < deadline, f"not within {within:.0f} s"
        meanwhile()


class Engine:
    """One engine, killed and started again under the same instance. What it logs goes to a file."""

    def __init__(self, cluster: Cluster, instance: str, folder: Path) -> None:
        self.instance = instance
        self.log = folder / f"{instance}.log"
        self._cluster = cluster
        self._process: subprocess.Popen[bytes] | None = None
        self._file: IO[bytes] | None = None
        self._start_of_log = 0

    def start(self, *fault: str) -> None:
        """Start it. With the names of a signal and a step it sends itself that signal after its first such step.

        HANG instead of a signal: it hangs there. Behind those, options: see tests.faults.engine_child.
        """
        command = [sys.executable, "-m", "tests.faults.engine_child", self._cluster.bootstrap, self._cluster.prefix]
        self._file = self.log.open("ab")
        self._start_of_log = self.log.stat().st_size
        self._process = subprocess.Popen([*command, self.instance, *fault], stdout=self._file, stderr=self._file)

    def times_logged(self, words: str) -> int:
        return self.log.read_bytes().count(words.encode()) if self.log.exists() else 0

    def is_up(self) -> bool:
        """Whether it has come up since it was last started."""
        return b'"event":"up"' in self.log.read_bytes()[self._start_of_log :]

    def is_stopped(self) -> bool:
        """Whether it stands still after a SIGSTOP."""
        assert self._process is not None
        state = subprocess.run(
            ["ps", "-o", "state=", "-p", str(self._process.pid)], capture_output=True, text=True, check=True
        )
        return state.stdout.startswith("T")

    def send(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def end(self, number: signal.Signals = signal.SIGKILL) -> int:
        """End it by a signal, if it has not ended by itself. Returns its exit code."""
        if self._process is None:
            return 0
        if self._process.poll() is None:
            self._process.send_signal(number)
        return self.ended()

    def ended(self, within: float = 60.0) -> int:
        """Wait for its end. Returns its exit code."""
        assert self._process is not None
        code = self._process.wait(within)
        if self._file is not None:
            self._file.close()
        return code

    def revive(self) -> None:
        """Start it again where it ended itself because Kafka did not answer, as a supervisor would."""
        if self._process is not None and self._process.poll() is not None:
            assert self._process.returncode in (EXIT_CODE, 3, -signal.SIGKILL), self.log.read_text()[-3_000:]
            self.ended()
            self.start()


@contextmanager
def engines(cluster: Cluster, folder: Path, *instances: str) -> Iterator[list[Engine]]:
    """Engines that are not started yet, and are ended at the end."""
    made = [Engine(cluster, instance, folder) for instance in instances]
    try:
        yield made
    finally:
        for one in made:
            one.end()


def check_once(desk: Desk, committed: bool = True) -> None:
    """Every event decided once, and each of its jobs written once; the order of each key's events kept."""
    jobs = [msgspec.json.decode(one.value or b"") for one in desk.cluster.read(JOBS, committed)]
    decisions = desk.cluster.read(DECISIONS, committed)
    decided = [msgspec.json.decode(one.value or b"")["event"] for one in decisions]
    _check_counts("decided", Counter(decided), Counter(desk.sent))
    _check_counts("jobs of", Counter(job["event"] for job in jobs), Counter(dict.fromkeys(desk.sent, PEOPLE)))
    assert len({job["id"] for job in jobs}) == len(jobs)
    assert desk.cluster.read(DEAD_LETTERS, committed) == []
    _check_order(desk, [job["event"] for job in jobs])
    _check_order(desk, decided)


def _check_counts(what: str, found: Counter[str], wanted: Counter[str]) -> None:
    missing, doubled = wanted - found, found - wanted
    assert not missing, f"{what}: {missing.total()} missing, {sorted(missing)[:10]}"
    assert not doubled, f"{what}: {doubled.total()} too many, {sorted(doubled)[:10]}"


def _check_order(desk: Desk, events: list[str]) -> None:
    """What was written about the events of one partition stands in their order, since their tickets' keys do."""
    place = {_event(record): record for record in desk.cluster.read(TICKETS)}
    last: dict[bytes | None, int] = {}
    for event in events:
        record = place[event]
        assert last.get(record.key, -1) <= record.offset, f"{event} stands behind a later event of its ticket"
        last[record.key] = record.offset


def _event(record: Record) -> str:
    return str(msgspec.json.decode(record.value or b"")["id"])
