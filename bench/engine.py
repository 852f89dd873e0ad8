"""The engine on Kafka: events a second, alone and by two, how soon it works again after a kill, and its memory.

The yardstick: a raw exactly-once pass-through in kafka-python that reads the same events in batches of the same size
and writes as many records, of the same mean size, in as many transactions. Engine and yardstick take turns, each as a
process of its own, on one broker: that of `--kafka`, or one of its own (`make broker`).
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import msgspec

from adapters.files.wire_records import wire_records
from adapters.kafka.appender import KafkaAppender
from adapters.kafka.record_names import key_of
from adapters.kafka.settings import KafkaSettings
from adapters.kafka.topic_reader import TopicReader
from adapters.kafka.topics import create_topics
from bench.made_up import SHAPES, Size, save, write_directory
from bench.measuring import MIB, report
from schemas.log import NewRecord
from schemas.topics import DECISIONS, DIRECTORY, JOBS, TICKETS
from tests.support.brokers.native import NativeBroker

PARTITIONS = 4
SIZE = Size(contracts=SHAPES, people=1_000)
FEW = Size(contracts=SHAPES, people=1_000, kinds=("contract",))
"""The same, but an event reaches one person or two, so that it shows how the ratio depends on the outputs."""
CHUNK = 10_000
REBALANCE_SECONDS = 8
"""Long enough for a second engine to join while the first one is stuck."""


def main() -> None:
    """Fill the topics, let engine and yardstick take turns, and report."""
    parser = argparse.ArgumentParser(prog="python -m bench engine", description=__doc__)
    parser.add_argument("--kafka", help="HOST:PORT of a broker; else one is started")
    parser.add_argument("--events", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--restarts", type=int, default=3)
    parser.add_argument("--memory", type=int, default=0, help="events after which to read the memory again, as 1000000")
    parser.add_argument("--json", action="store_true", help="print the last line alone")
    arguments = parser.parse_args()
    with _broker(arguments.kafka) as bootstrap:
        prefix = f"bench-{uuid.uuid4().hex[:6]}."
        few = Desk(KafkaSettings((bootstrap,), f"{prefix}few."), arguments.events, FEW).measure(arguments.rounds)
        desk = Desk(KafkaSettings((bootstrap,), prefix), arguments.events, SIZE)
        measured = desk.measure(arguments.rounds) | desk.two(arguments.rounds) | desk.restarts(arguments.restarts)
        measured |= desk.takeover() | (desk.memory(arguments.memory) if arguments.memory else {})
    report({"bench": "engine", "events": arguments.events, **measured, "few_outputs": few}, arguments.json)


class Rates(NamedTuple):
    """Events a second, by the clock and by the processor time of the process."""

    clock: float
    processor: float


class Desk:
    """Topics with a directory and events, and processes that work on them."""

    def __init__(self, settings: KafkaSettings, events: int, size: Size) -> None:
        self._settings = settings
        self._events = events
        create_topics(settings, PARTITIONS, replication=1)
        with closing(KafkaAppender(settings)) as appender, tempfile.TemporaryDirectory() as folder:
            write_directory(Path(folder), size)
            records = wire_records(Path(folder)).records
            appender.append(NewRecord(DIRECTORY, key_of(one), msgspec.json.encode(one)) for one in records)
            appender.append(self._saves(range(events)))

    def measure(self, rounds: int) -> dict[str, Any]:
        """Rates of engine and yardstick, and how much slower the engine is: the median of the rounds' ratios."""
        self._run("engine")
        written = self._written()
        outputs, size = len(written), sum(written) // len(written)
        # A broker that has not seen either of them yet is slower.
        self._run("raw", outputs / self._events, size)
        pairs = [(self._run("raw", outputs / self._events, size), self._run("engine")) for _ in range(rounds)]
        return {
            "outputs_per_event": round(outputs / self._events, 2),
            "bytes_per_output": size,
            "events_per_second": round(median(engine.clock for _, engine in pairs)),
            "raw_events_per_second": round(median(raw.clock for raw, _ in pairs)),
            "ratio": round(median(engine.clock / raw.clock for raw, engine in pairs), 3),
            "processor_ratio": round(median(engine.processor / raw.processor for raw, engine in pairs), 3),
            "processor_microseconds": round(median(1e6 / engine.processor for _, engine in pairs)),
            "rounds": [{"raw": round(raw.clock), "engine": round(engine.clock)} for raw, engine in pairs],
        }

    def two(self, rounds: int) -> dict[str, Any]:
        """Rates of one engine and of two of a group, in turns, while all of them work."""
        single, double = [], []
        for _ in range(rounds):
            single.append(self._together(["one"]))
            double.append(self._together(["one", "two"]))
        return {
            "one_engine": round(median(single)),
            "two_engines": round(median(double)),
            "two_ratio": round(median(double) / median(single), 2),
        }

    def restarts(self, times: int) -> dict[str, Any]:
        """Seconds from the start of a killed engine's successor to its first commit, with Python's own start.

        The engine is killed with a transaction open, which holds up every read_committed reader; `reader_seconds` is
        when one goes on.
        """
        group = uuid.uuid4().hex[:6]
        commits, readers = [], []
        for number in range(times + 1):
            self._save_more(20)
            with closing(TopicReader(self._settings, [JOBS])) as reader:
                _read(reader)
                if number:
                    with _child(self._settings, "stuck", group, "one") as stuck:
                        _line(stuck, "appended")
                started = time.perf_counter()
                with _child(self._settings, "first", group, "one") as child:
                    _line(child, "committed")
                    commits.append(time.perf_counter() - started)
                    while not _read(reader):
                        time.sleep(0.01)
                    readers.append(time.perf_counter() - started)
        # The first joins a new group; the others come back under an instance that the group knows.
        return {
            "first_commit_seconds": round(commits[0], 2),
            "restart_seconds": round(median(commits[1:]), 2),
            "reader_seconds": round(median(readers[1:]), 2),
        }

    def takeover(self) -> dict[str, Any]:
        """Seconds from the kill of an engine in mid-transaction, never started again, to when a reader goes on."""
        group = uuid.uuid4().hex[:6]
        with closing(TopicReader(self._settings, [JOBS])) as reader:
            self._save_more(20)
            with _child(self._settings, "stuck", group, "one") as stuck:
                _line(stuck, "appended")
                with _child(self._settings, "first", group, "two"):
                    time.sleep(REBALANCE_SECONDS)
                    _read(reader)
                    stuck.kill()
                    started = time.perf_counter()
                    while not _read(reader):
                        time.sleep(0.01)
        return {"takeover_reader_seconds": round(time.perf_counter() - started, 2)}

    def memory(self, events: int) -> dict[str, Any]:
        """The resident size of one engine after a tenth of these events, and after all of them."""
        with _child(self._settings, "memory", uuid.uuid4().hex[:6], str(self._events), str(events)) as child:
            self._save_more(events)
            sizes = [int(_word(child)) for _ in range(2)]
        return {"memory_events": events, "memory_mib": [round(size / MIB, 1) for size in sizes]}

    def _together(self, instances: Sequence[str]) -> float:
        """Events a second of these engines of a new group, from when all work to when the first has no more."""
        group = uuid.uuid4().hex[:6]
        with ExitStack() as stack:
            children = [stack.enter_context(_child(self._settings, "steps", group, one)) for one in instances]
            steps = [[json.loads(line) for line in child.stdout or ()] for child in children]
        begin = max(mine[0][0] for mine in steps)
        end = min(mine[-1][0] for mine in steps)
        counted = sum(int(number) for mine in steps for at, number in mine if begin < at <= end)
        return counted / float(end - begin)

    def _save_more(self, number: int) -> None:
        with closing(KafkaAppender(self._settings)) as appender:
            for first in range(0, number, CHUNK):
                appender.append(self._saves(range(self._events + first, self._events + min(first + CHUNK, number))))

    def _run(self, what: str, *details: float) -> Rates:
        arguments = [uuid.uuid4().hex[:6], str(self._events), *map(str, details)]
        with _child(self._settings, what, *arguments) as child:
            assert child.stdout is not None
            return Rates(*map(float, child.stdout.readline().split()))

    def _written(self) -> list[int]:
        with closing(TopicReader(self._settings, [JOBS, DECISIONS])) as reader:
            return [len(found.value) for found in reader.read_to_end()]

    @staticmethod
    def _saves(numbers: Sequence[int]) -> Iterable[NewRecord]:
        now = datetime.now(UTC).isoformat()
        for number in numbers:
            event = save(number % SHAPES, number) | {"time": now}
            yield NewRecord(TICKETS, event["data"]["ticket"]["id"].encode(), json.dumps(event).encode())


def _read(reader: TopicReader) -> int:
    return sum(1 for _ in reader.read_to_end())


def _word(child: subprocess.Popen[str]) -> str:
    assert child.stdout is not None
    return child.stdout.readline().strip()


def _line(child: subprocess.Popen[str], expected: str) -> None:
    said = _word(child)
    assert said == expected, f"the process said {said!r} instead of {expected!r}"


@contextmanager
def _child(settings: KafkaSettings, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "bench.engine_runs", settings.bootstrap[0], settings.prefix, *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as child:
        try:
            yield child
        finally:
            child.kill()


@contextmanager
def _broker(given: str | None) -> Iterator[str]:
    if given is not None:
        yield given
        return
    with tempfile.TemporaryDirectory(prefix="tocsin-bench-") as folder:
        broker = NativeBroker(Path(folder))
        broker.start()
        try:
            yield broker.bootstrap
        finally:
            broker.kill()


if __name__ == "__main__":
    main()
