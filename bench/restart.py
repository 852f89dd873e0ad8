"""A rolling restart of two engines with a large directory: how long decisions pause in any partition.

Under a steady stream of events both engines are stopped and started again, one after the other, each once its group is
settled: as they do it by themselves, and with --no-leave, so that their places are kept. The yardstick, restarted in
the same way on the same broker: two raw exactly-once pass-throughs in kafka-python, which leave and load nothing.
"""

from __future__ import annotations

import argparse
import json
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

from adapters.kafka.appender import KafkaAppender
from adapters.kafka.record_names import key_of
from adapters.kafka.settings import KafkaSettings
from adapters.kafka.topics import create_topics
from bench.made_up import SHAPES, Size, save, write_directory
from bench.measuring import MIB, peak_memory, report
from schemas.directory import read_record
from schemas.log import NewRecord
from schemas.topics import DIRECTORY, TICKETS
from tests.faults.decision_stream import DecisionStream
from tests.faults.engines import until
from tests.faults.stoppable import TOCSIN
from tests.kafka.members import settings_of
from tests.support.brokers.cluster import Cluster
from tests.support.brokers.native import NativeBroker

PARTITIONS = 4
CHUNK = 20_000
PATIENCE = 300.0
LOOK_SECONDS = 0.2
SETTLED_SECONDS = 3.0
PAIR = ("one", "two")
GROUP = "bench"
ENGINE = (*TOCSIN, "engine")
RAW = (sys.executable, "-m", "bench.restart_runs")


def main() -> None:
    """Fill the directory, restart engines and yardstick, and report."""
    parser = argparse.ArgumentParser(prog="python -m bench restart", description=__doc__)
    parser.add_argument("--people", type=int, default=100_000, help="in the directory, a contract for each ten")
    parser.add_argument("--per-second", type=float, default=10.0, help="events a second in each of four partitions")
    parser.add_argument("--json", action="store_true", help="print the last line alone")
    arguments = parser.parse_args()
    size = Size(contracts=max(SHAPES, arguments.people // 10), people=arguments.people)
    with tempfile.TemporaryDirectory(prefix="tocsin-bench-") as folder:
        broker = NativeBroker(Path(folder))
        broker.start()
        try:
            result = Restarts(Path(folder), broker.bootstrap, size, arguments.per_second).measure()
        finally:
            broker.kill()
    report({"bench": "restart", "people": arguments.people, **result}, arguments.json)


class Restarts:
    """One directory on one broker, and pairs of processes that are restarted."""

    def __init__(self, folder: Path, bootstrap: str, size: Size, per_second: float) -> None:
        self._folder = folder
        self._bootstrap = bootstrap
        self._size = size
        self._per_second = per_second

    def measure(self) -> dict[str, Any]:
        """Pauses in seconds, of the first restart and of the second."""
        with self._cluster() as yardstick, self._cluster() as cluster:
            raw, _ = self._round(yardstick, "raw", RAW)
            records = fill(settings_of(cluster), self._size)
            leaving, seen = self._round(cluster, "leaving", ENGINE)
            staying, _ = self._round(cluster, "staying", (*ENGINE, "--no-leave"))
        return {
            "records": records,
            **seen,
            "pause_seconds": leaving,
            "no_leave_pause_seconds": staying,
            "raw_pause_seconds": raw,
            "ratio": round(max(leaving) / max(raw), 2),
            "no_leave_ratio": round(max(staying) / max(raw), 2),
        }

    def _cluster(self) -> Cluster:
        cluster = Cluster(self._bootstrap, f"bench-{uuid.uuid4().hex[:6]}.")
        create_topics(settings_of(cluster), PARTITIONS, replication=1)
        return cluster

    def _round(self, cluster: Cluster, name: str, command: Sequence[str]) -> tuple[list[float], dict[str, Any]]:
        """Start a pair and restart it; its pauses, and what was seen of its first member as it was restarted."""
        stream = DecisionStream(cluster, PARTITIONS, self._saves(name), self._per_second)
        members = [Member(cluster, one, command, self._folder / f"{name}-{one}.log") for one in PAIR]
        with ExitStack() as stack:
            for member in members:
                stack.enter_context(member.ended())
                member.start()
            for member in members:
                # A place that a former process has kept says nothing about this one.
                member.wait_until_up()
            wait_until_shared(cluster)
            with stream.running():
                spans = [restart(cluster, member) for member in members]
            wait(lambda: is_done(cluster))
            pauses = [round(pause, 2) for pause in stream.longest_pauses(spans)]
            return pauses, {} if name == "raw" else members[0].seen()

    def _saves(self, name: str) -> Callable[[int, str], dict[str, Any]]:
        """Saves on contracts all over the directory, with ids of their own."""

        def made(number: int, ticket: str) -> dict[str, Any]:
            contract = number * 37 % (self._size.contracts // SHAPES) * SHAPES + number % SHAPES
            event = save(contract, number) | {"id": f"{name}-{number}", "time": datetime.now(UTC).isoformat()}
            event["data"]["ticket"]["id"] = ticket
            return event

        return made


class Member:
    """A process that is a member of the group, restarted under the same name. What it says goes to a file."""

    def __init__(self, cluster: Cluster, name: str, command: Sequence[str], log: Path) -> None:
        where = ["--kafka", cluster.bootstrap, "--prefix", cluster.prefix, "--group", GROUP, "--instance", name]
        self._command = [*command, *where]
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None
        self._since = 0
        self._started = self._up_after = 0.0

    def start(self) -> None:
        """Start it, and let it load."""
        with self._log.open("ab") as log:
            self._since = log.tell()
            self._started = time.monotonic()
            self._process = subprocess.Popen(self._command, stdout=log, stderr=log)

    def wait_until_up(self) -> None:
        """Until it says that it works."""
        wait(lambda: self._line("up") is not None)
        self._up_after = time.monotonic() - self._started

    def stop(self) -> None:
        """Tell it to stop, and wait for its end."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        code = self._process.wait(PATIENCE)
        assert code == 0, self._log.read_text(encoding="utf-8")[-3_000:]

    @contextmanager
    def ended(self) -> Iterator[None]:
        """It does not outlive the block."""
        try:
            yield
            self.stop()
        finally:
            if self._process is not None and self._process.poll() is None:
                self._process.kill()

    def seen(self) -> dict[str, Any]:
        """How long its last start took, and its memory."""
        assert self._process is not None
        loaded = self._line("directory_loaded") or {}
        return {
            "load_seconds": loaded.get("seconds"),
            "start_seconds": round(self._up_after, 2),
            "peak_memory_mib": round(peak_memory(str(self._process.pid)) / MIB),
        }

    def _line(self, event: str) -> dict[str, Any] | None:
        """The first line of this name since it was last started."""
        lines = self._log.read_bytes()[self._since :].splitlines()
        said = (json.loads(line) for line in lines if line.startswith(b"{") and line.endswith(b"}"))
        return next((line for line in said if line["event"] == event), None)


def restart(cluster: Cluster, member: Member) -> tuple[float, float]:
    """Stop a member and start it again; from when to when that was, in seconds since the epoch."""
    since = time.time()
    member.stop()
    member.start()
    member.wait_until_up()
    wait_until_shared(cluster)
    # A pause at the end of this restart is none of the next one.
    time.sleep(SETTLED_SECONDS)
    return since, time.time()


def wait_until_shared(cluster: Cluster) -> None:
    """Until both members have partitions, and as many of them."""
    wait(lambda: sorted(map(len, cluster.members(GROUP).values())) == [PARTITIONS // 2] * 2)


def is_done(cluster: Cluster) -> bool:
    """Whether the group has decided all that there is."""
    committed = cluster.committed(GROUP, TICKETS)
    return all(committed.get(one, 0) >= end for one, end in cluster.ends(TICKETS).items())


def wait(holds: Callable[[], bool]) -> None:
    """Wait for something, and leave the processor to those who are waited for."""
    until(holds, PATIENCE, lambda: time.sleep(LOOK_SECONDS))


def fill(settings: KafkaSettings, size: Size) -> int:
    """Append a made-up directory; returns the number of its records."""
    with tempfile.TemporaryDirectory(prefix="tocsin-bench-") as made, closing(KafkaAppender(settings)) as appender:
        written = write_directory(Path(made), size)
        for file in Path(made).glob("*.jsonl"):
            with file.open("rb") as lines:
                while chunk := [*islice(lines, CHUNK)]:
                    appender.append(map(_record, chunk))
    return written


def _record(line: bytes) -> NewRecord:
    record = read_record(line)
    return NewRecord(DIRECTORY, key_of(record), line.strip())


if __name__ == "__main__":
    main()
