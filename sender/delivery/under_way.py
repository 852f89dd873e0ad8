"""The jobs that this sender works on: being sent now, or answered and not recorded yet."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Collection, Coroutine
from typing import Any

from sender.delivery.attempt import Tried
from sender.records import LedgerEntry, transport_of


class UnderWay:
    """Tries that run as tasks, and their results until the ledger has them. Used from one event loop.

    A result is kept until `recorded` is called: the relay's answer must survive a ledger that is away for hours.
    """

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Tried]] = set()
        self._busy: Counter[str] = Counter()
        self._answers: list[Tried] = []

    def __bool__(self) -> bool:
        """Whether any try still runs, or has ended and was not collected."""
        return bool(self._tasks)

    @property
    def tasks(self) -> Collection[asyncio.Task[Tried]]:
        """The tries, to be waited for."""
        return frozenset(self._tasks)

    def begin(self, entry: LedgerEntry, attempt: Coroutine[Any, Any, Tried]) -> None:
        """Run a try on this job."""
        self._busy[transport_of(entry.job.channel)] += 1
        self._tasks.add(asyncio.create_task(attempt, name=entry.job.id))

    def busy(self, transport: str) -> int:
        """How many tries of this transport were begun and not collected."""
        return self._busy[transport]

    def running(self) -> int:
        """How many tries have not ended."""
        return sum(not task.done() for task in self._tasks)

    def collect(self) -> list[Tried]:
        """All answers that are to be recorded: those that have come since, behind those of before."""
        done = {task for task in self._tasks if task.done()}
        self._tasks -= done
        came = [task.result() for task in done]
        self._busy -= Counter(transport_of(one.entry.job.channel) for one in came)
        self._answers += came
        return self._answers

    def recorded(self) -> None:
        """What was collected is in the ledger."""
        self._answers = []

    def jobs(self) -> Collection[str]:
        """The ids of all these jobs: no other part of this process may take them for abandoned."""
        return {task.get_name() for task in self._tasks} | {one.report.job for one in self._answers}

    def described(self) -> list[str]:
        """Each job and what it waits for, for people. May be asked from any thread."""
        # A copy first: the event loop may change the set meanwhile.
        sending = [f"job {task.get_name()}" for task in tuple(self._tasks)]
        return sorted(sending) + [f"job {one.report.job} (answered, not recorded)" for one in self._answers]
