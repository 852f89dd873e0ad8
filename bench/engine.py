"""The engine on Kafka: events a second, and how soon it works again after a kill.

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
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

import msgspec

from adapters.files.wire_records import wire_records
from adapters.kafka.appender import KafkaAppender
from adapters.kafka.directory_topic import key_of
from adapters.kafka.settings import KafkaSettings
from adapters.kafka.topic_reader import TopicReader
from adapters.kafka.topics import create_topics
from bench.made_up import SHAPES, Size, save, write_directory
from bench.measuring import report
from schemas.log import NewRecord
from schemas.topics import DECISIONS, DIRECTORY, JOBS, TICKETS
from tests.brokers.native import NativeBroker

PARTITIONS = 4
SIZE = Size(contracts=SHAPES, people=1_000)


def main() -> None:
    """Fill the topics, let engine and yardstick take turns, and report."""
    parser = argparse.ArgumentParser(prog="python -m bench engine", description=__doc__)
    parser.add_argument("--kafka", help="HOST:PORT of a broker; else one is started")
    parser.add_argument("--events", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--restarts", type=int, default=3)
    parser.add_argument("--json", action="store_true", help="print the last line alone")
    arguments = parser.parse_args()
    with _broker(arguments.kafka) as bootstrap:
        desk = Desk(KafkaSettings((bootstrap,), f"bench-{uuid.uuid4().hex[:6]}."), arguments.events)
        measured = desk.measure(arguments.rounds) | desk.restarts(arguments.restarts)
    report({"bench": "engine", "events": arguments.events, **measured}, arguments.json)


class Desk:
    """Topics with a directory and events, and processes that work on them."""

    def __init__(self, settings: KafkaSettings, events: int) -> None:
        self._settings = settings
        self._events = events
        create_topics(settings, PARTITIONS, replication=1)
        with closing(KafkaAppender(settings)) as appender, tempfile.TemporaryDirectory() as folder:
            write_directory(Path(folder), SIZE)
            records = wire_records(Path(folder)).records
            appender.append(NewRecord(DIRECTORY, key_of(one), msgspec.json.encode(one)) for one in records)
            appender.append(self._saves(range(events)))

    def measure(self, rounds: int) -> dict[str, Any]:
        """Rates of engine and yardstick, and how much slower the engine is: the median of the rounds."""
        self._run("engine")
        written = self._written()
        outputs, size = len(written), sum(written) // len(written)
        engine, raw = [], []
        for _ in range(rounds):
            raw.append(self._run("raw", outputs / self._events, size))
            engine.append(self._run("engine"))
        return {
            "outputs_per_event": round(outputs / self._events, 2),
            "bytes_per_output": size,
            "events_per_second": round(median(engine)),
            "raw_events_per_second": round(median(raw)),
            "ratio": round(median(engine) / median(raw), 3),
            "rounds": [{"raw": round(one), "engine": round(other)} for one, other in zip(raw, engine, strict=True)],
        }

    def restarts(self, times: int) -> dict[str, Any]:
        """Seconds from the start of a killed engine's successor to its first commit, with Python's own start."""
        group = uuid.uuid4().hex[:6]
        seconds: list[float] = []
        for _ in range(times + 1):
            with closing(KafkaAppender(self._settings)) as appender:
                appender.append(self._saves(range(self._events, self._events + 20)))
            started = time.perf_counter()
            with _child(self._settings, "first", group) as child:
                assert child.stdout is not None
                assert child.stdout.readline() == "committed\n"
                seconds.append(time.perf_counter() - started)
                child.kill()
        # The first joins a new group; the others come back under an instance that the group knows.
        return {"first_commit_seconds": round(seconds[0], 2), "restart_seconds": round(median(seconds[1:]), 2)}

    def _run(self, what: str, *details: float) -> float:
        arguments = [uuid.uuid4().hex[:6], str(self._events), *map(str, details)]
        with _child(self._settings, what, *arguments) as child:
            assert child.stdout is not None
            return float(child.stdout.readline())

    def _written(self) -> list[int]:
        with closing(TopicReader(self._settings, [JOBS, DECISIONS])) as reader:
            return [len(found.value) for found in reader.read_to_end()]

    @staticmethod
    def _saves(numbers: Sequence[int]) -> Iterable[NewRecord]:
        now = datetime.now(UTC).isoformat()
        for number in numbers:
            event = save(number % SHAPES, number) | {"time": now}
            yield NewRecord(TICKETS, event["data"]["ticket"]["id"].encode(), json.dumps(event).encode())


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
