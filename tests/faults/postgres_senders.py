"""Some senders as processes on one PostgreSQL ledger, a relay that keeps what comes, and what must hold in the end."""

from __future__ import annotations

import queue
import random
import re
import signal
import subprocess
import sys
import threading
from collections import Counter, defaultdict
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

from adapters.postgres.ledger import PostgresLedger
from schemas.job import Job
from sender.records import Selection, lane_of
from sender.states import FINISHED, State, Transition
from tests.faults.sender_child import CONCURRENCY
from tests.support.sender.fakes import a_job

BATCH = 40
MAY_HAVE_ARRIVED = (Transition.LAPSED, Transition.UNDECIDED)
WITHIN = 60.0


class Senders:
    """Processes, and what they say."""

    def __init__(self, url: str, port: int, *flags: str) -> None:
        self._command = [sys.executable, "-m", "tests.faults.sender_child", url, str(port), *flags]
        self._running: dict[int, subprocess.Popen[str]] = {}
        self._readers: list[threading.Thread] = []
        self._said: queue.Queue[tuple[int, str]] = queue.Queue()
        self._number = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in self._running.values():
            process.send_signal(signal.SIGTERM if error is None else signal.SIGKILL)
        for process in self._running.values():
            process.wait(WITHIN)
        for reader in self._readers:
            reader.join()

    def start(self) -> None:
        """Start one more, and wait until it works."""
        self._number += 1
        process = subprocess.Popen(self._command, stdout=subprocess.PIPE, text=True)
        self._running[self._number] = process
        self._readers.append(threading.Thread(target=self._listen, args=(self._number, process)))
        self._readers[-1].start()
        self.wait_for("up")

    @property
    def last(self) -> int:
        """The one that was started last."""
        return self._number

    def wait_for(self, start: str, times: int = 1) -> int:
        """Wait until something was said that often; gives back who said it last."""
        who = 0
        while times:
            who, line = self._said.get(timeout=WITHIN)
            times -= line.startswith(start)
        return who

    def check_alive(self) -> None:
        """None has ended by itself."""
        assert all(process.poll() is None for process in self._running.values())

    def kill(self, who: int) -> None:
        """End one as a power cut would."""
        process = self._running.pop(who)
        process.kill()
        process.wait()

    def _listen(self, number: int, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        with process.stdout as lines:
            for line in lines:
                self._said.put((number, line))


def batch(number: int) -> list[Job]:
    """Some jobs: several tickets, several jobs for each mailbox in each."""
    expires = datetime.now(UTC) + timedelta(days=1)
    return [
        a_job(f"e-{number}-{one:02}", f"T-{number}-{one % 8}", f"p{one % 2}@acme.example", expires=expires)
        for one in range(BATCH)
    ]


def deliver_under_kills(url: str, port: int, kills: int, *flags: str) -> list[Job]:
    """Let two senders deliver, and kill the one that has just handed something over, again and again."""
    chance, jobs = random.Random(7), list[Job]()
    with closing(PostgresLedger(url)) as ledger, Senders(url, port, *flags) as senders:
        senders.start()
        for kill in range(kills + 1):
            senders.start()
            jobs += batch(kill)
            ledger.accept(jobs[-BATCH:], datetime.now(UTC))
            who = senders.wait_for("sent", chance.randint(1, BATCH // 2))
            if kill < kills:
                senders.kill(who)
        wait_until_finished(ledger)
    return jobs


def wait_until_finished(ledger: PostgresLedger) -> None:
    """Raises AssertionError where jobs stay open."""
    pause = threading.Event()
    for _ in range(int(WITHIN / 0.1)):
        counts = ledger.counts()
        if not sum(counts[state] for state in State if state not in FINISHED):
            return
        pause.wait(0.1)
    raise AssertionError(f"jobs stay open: {ledger.counts()}")


def arrivals(mails: Path) -> list[str]:
    """The job ids in the Message-IDs of what has arrived, in that order."""
    return [read_id(file) for file in sorted(mails.glob("*.eml"))]


def read_id(file: Path) -> str:
    found = re.search(rb"^Message-ID: <(.*)@tocsin.example>", file.read_bytes(), re.MULTILINE)
    assert found is not None
    return found[1].decode()


def check(url: str, jobs: list[Job], arrived: list[str], crashes: int) -> int:
    """Nothing is lost, doubles are only those that a crash left in doubt, lanes are in order; says how many doubles."""
    assert set(arrived) == {job.id for job in jobs}, "a message was lost"
    doubles = len(arrived) - len(jobs)
    assert doubles <= crashes * CONCURRENCY, f"{doubles} doubles by {crashes} crashes"
    with closing(PostgresLedger(url)) as ledger:
        states = Counter(line.entry.standing.state for line in ledger.list(Selection(), 100_000))
        assert states == {State.DELIVERED: len(jobs)}
        for job, copies in Counter(arrived).items():
            doubts = sum(change.transition in MAY_HAVE_ARRIVED for change in ledger.history(job))
            assert copies <= 1 + doubts, f"{job} came {copies} times, and was in doubt {doubts} times"
    check_lanes(jobs, arrived)
    return doubles


def check_lanes(jobs: list[Job], arrived: list[str]) -> None:
    lanes, places = {job.id: lane_of(job) for job in jobs}, {job.id: place for place, job in enumerate(jobs)}
    came: dict[str, list[int]] = defaultdict(list)
    for job in arrived:
        came[lanes[job]].append(places[job])
    assert all(order == sorted(order) for order in came.values()), "a message overtook an older one"
