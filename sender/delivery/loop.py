"""From the ledger to the relay, round by round: record the answers, see to what ran out of time, claim what is due."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Final, Protocol, TypeVar

from msgspec import Struct, field

from schemas.clock import Clock
from sender.delivery.attempt import Attempts
from sender.delivery.gate import Gate
from sender.delivery.handing_over import HandOvers
from sender.delivery.pacing import Pacing, PacingPolicy
from sender.delivery.retry import Chance, RetryPolicy
from sender.delivery.rounds import LedgerRounds, RoundLedger, RoundPolicy
from sender.delivery.under_way import UnderWay
from sender.ledger.port import LedgerAwayError
from sender.ledger.restrictions import Restrictions
from sender.ledger.waits import Wait
from sender.ports import Composer, DeliveryMonitor, OutgoingMessage, Transport, Unmonitored, WithheldError
from sender.records import TRANSPORTS, LedgerEntry
from sender.storms.storm import NO_STORMS, StormPolicy
from sender.tracing import Tracer, Untraced

_log: Final = logging.getLogger(__name__)

T = TypeVar("T")

_MOST_CLAIMS: Final = 50
"""Claims in one round: where all that is due is stopped, the round still ends."""

ASK_AGAIN: Final = timedelta(seconds=1)
"""The wait between two questions to a ledger that does not answer."""

SETTLE: Final = timedelta(milliseconds=2)
"""How long an answer may wait for others before it is recorded."""


class DeliverySettings(Struct, frozen=True):
    """How the loop works.

    `concurrency` is the number of jobs under way at a time for each transport (the mail relay, SMS, chats), and the
    most of them that a crash leaves unknown. `lease` is how long they belong to this sender; `send_limit`, well below
    it, is how long a transport may take for one. `look_again` is the wait between two looks at a ledger with nothing
    due; `sweep` bounds how many late jobs a round sees to. `storm` is the policy by which jobs were accepted: it says
    when a storm is over.
    """

    concurrency: int = 16
    lease: timedelta = timedelta(minutes=15)
    send_limit: timedelta = timedelta(minutes=11)
    look_again: timedelta = timedelta(milliseconds=200)
    sweep: int = 500
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    pacing: PacingPolicy = field(default_factory=PacingPolicy)
    storm: StormPolicy = NO_STORMS

    def __post_init__(self) -> None:
        """Raise ValueError for settings under which nothing could be sent."""
        if self.concurrency < 1 or self.sweep < 1:
            raise ValueError("concurrency and sweep are at least 1")
        if not timedelta(0) < self.send_limit < self.lease:
            raise ValueError("send_limit lies between 0 and the lease")


class DeliveryLedger(RoundLedger, Restrictions, Protocol):
    """What delivery asks of the ledger."""


class Delivery:
    """Delivers what the ledger holds.

    A ledger that does not answer is waited for, without an end: what the relay has answered by then is written down
    once it is back. Any other error of it is raised, after what is under way has ended.
    """

    def __init__(  # noqa: PLR0913 - its ports, one by one
        self,
        ledger: DeliveryLedger,
        composer: Composer,
        transport: Transport[OutgoingMessage],
        clock: Clock,
        chance: Chance,
        settings: DeliverySettings | None = None,
        *,
        gate: Gate | None = None,
        monitor: DeliveryMonitor | None = None,
        tracer: Tracer | None = None,
    ) -> None:
        self._clock = clock
        self._settings = settings or DeliverySettings()
        retry, limit = self._settings.retry, self._settings.send_limit
        rounds = RoundPolicy(self._settings.lease, retry, self._settings.storm, self._settings.sweep)
        self._monitor = monitor or Unmonitored()
        self._rounds = LedgerRounds(ledger, gate or Gate(ledger), clock, chance, rounds, self._monitor)
        self._pacing = Pacing(self._settings.pacing, chance)
        traced = tracer or Untraced()
        self._attempts = Attempts(
            composer,
            transport,
            clock,
            retry,
            chance,
            self._pacing,
            limit,
            self._monitor,
            traced,
            HandOvers(self._hand_over).ask,
        )
        self._thread: ThreadPoolExecutor | None = None
        self._under_way = UnderWay()

    async def run(self, stop: asyncio.Event) -> None:
        """Deliver until `stop` is set, then finish what is under way."""
        async with self._ledger_thread() as thread:
            stopping = asyncio.create_task(stop.wait())
            try:
                while not stop.is_set():
                    answers = await self._round_or_wait(thread)
                    pause = self._settings.look_again if answers else ASK_AGAIN
                    # An answer ends the pause: it has to be recorded, and its place is free for another job.
                    await asyncio.wait(
                        {stopping, *self._under_way.tasks},
                        timeout=pause.total_seconds(),
                        return_when=asyncio.FIRST_COMPLETED,
                    )
            finally:
                stopping.cancel()

    def resumes(self) -> datetime | None:
        """When due jobs that the relay's or a domain's troubles hold back may go; None where none does."""
        return self._pacing.resumes(self._clock.now())

    def under_way(self) -> list[str]:
        """The jobs that are being sent, and those whose answer is not recorded yet. May be asked from any thread."""
        return self._under_way.described()

    async def drain(self, stop: asyncio.Event | None = None) -> None:
        """Deliver until nothing is under way, and what is due at the clock's present time has been tried or must wait.

        It must wait where the relay is out of reach, or puts off its domain: see `resumes`. Once `stop` is set, only
        what is under way is finished.
        """
        stopping = stop or asyncio.Event()
        async with self._ledger_thread() as thread:
            while not stopping.is_set() and (await self._round(thread) or self._under_way):
                if self._under_way:
                    await asyncio.wait(self._under_way.tasks, return_when=asyncio.FIRST_COMPLETED)

    async def _round_or_wait(self, thread: ThreadPoolExecutor) -> bool:
        """One round; False where the ledger does not answer. What the relay answers meanwhile is kept."""
        try:
            await self._round(thread)
        except LedgerAwayError as error:
            self._monitor.waits_for_ledger(error)
            return False
        self._monitor.waits_for_ledger(None)
        return True

    async def _round(self, thread: ThreadPoolExecutor) -> bool:
        """One round; says whether it found anything to see to or to send."""
        self._monitor.came_round(self._attempts.writing())
        # Answers first: they free places, and what stands behind them in a lane becomes due.
        await self._record(thread)
        waits, now = self._waits()
        self._monitor.waiting(waits, now)
        await _in(thread, lambda: self._rounds.tell_waits(waits))
        own = self._under_way.jobs()
        swept = await _in(thread, lambda: self._rounds.sweep(own))
        may_claim = await _in(thread, self._rounds.look)
        started = [may_claim and await self._start(thread, transport) for transport in TRANSPORTS]
        return any(started) or bool(swept)

    async def _record(self, thread: ThreadPoolExecutor) -> None:
        """Record the answers that have come, all in one transaction. They are kept until that has worked."""
        await self._let_more_come()
        answers = self._under_way.collect()
        if answers:
            await _in(thread, lambda: self._rounds.apply(answers))
            self._under_way.recorded()

    async def _let_more_come(self) -> None:
        """Where most places are taken, wait a moment: to record several answers costs little more than one."""
        if self._under_way.running() * 2 > self._settings.concurrency:
            await asyncio.sleep(SETTLE.total_seconds())

    async def _start(self, thread: ThreadPoolExecutor, transport: str) -> bool:
        """Claim what a transport has room for, and begin with it; says whether there was anything."""
        started = False
        # More than once, since what the gate stops takes no place, and others may be due behind it.
        for _ in range(_MOST_CLAIMS):
            now, free = self._clock.now(), self._settings.concurrency - self._under_way.busy(transport)
            room = self._pacing.room(transport, now, free)
            if not room.limit:
                break
            claims = await _in(thread, lambda room=room: self._rounds.claim(room))  # type: ignore[misc]
            self._pacing.claimed(transport, [one.entry for one in claims.ready], self._clock.now())
            for one in claims.ready:
                self._under_way.begin(one.entry, self._attempts.make(one.entry, one.listed))
            started = started or bool(claims.number)
            # Fewer than there was room for: no more are due, unless only some of them were chosen.
            if claims.number < room.limit and not room.is_choice:
                break
        return started

    async def _hand_over(self, claims: Sequence[LedgerEntry]) -> Collection[str]:
        if self._thread is None:
            raise WithheldError("delivery has ended")
        return await _in(self._thread, lambda: self._rounds.hand_over(claims))

    def _waits(self) -> tuple[Sequence[Wait], datetime]:
        now = self._clock.now()
        return self._pacing.waits(now), now

    @asynccontextmanager
    async def _ledger_thread(self) -> AsyncIterator[ThreadPoolExecutor]:
        """A thread for the ledger alone: the event loop does not wait for the disk, nor the ledger for slow composing.

        At the end, what is under way is finished and recorded.
        """
        with ThreadPoolExecutor(max_workers=1, thread_name_prefix="ledger") as thread:
            self._thread = thread
            try:
                yield thread
            finally:
                while self._under_way:
                    await self._finish_some(thread)
                await self._record_the_last(thread)

    async def _record_the_last(self, thread: ThreadPoolExecutor) -> None:
        """What the relay has answered must not be forgotten: a stop too waits for a ledger that does not answer."""
        while True:
            try:
                return await self._record(thread)
            except LedgerAwayError as error:
                self._monitor.waits_for_ledger(error)
                self._monitor.came_round(self._attempts.writing())
            await asyncio.sleep(ASK_AGAIN.total_seconds())

    async def _finish_some(self, thread: ThreadPoolExecutor) -> None:
        """Wait for answers, and record each as it comes: where the process is cut, only the late ones are lost."""
        self._monitor.came_round(self._attempts.writing())
        await asyncio.wait(
            self._under_way.tasks,
            timeout=self._settings.look_again.total_seconds(),
            return_when=asyncio.FIRST_COMPLETED,
        )
        try:
            await self._record(thread)
        except Exception as error:  # noqa: BLE001 - raised in the end, once nothing is under way: the answers are kept
            _log.debug("answers_unrecorded", extra={"error": type(error).__name__})


async def _in(thread: ThreadPoolExecutor, call: Callable[[], T]) -> T:
    return await asyncio.get_running_loop().run_in_executor(thread, call)
