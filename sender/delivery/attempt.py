"""One attempt to deliver one job: compose the message, check the time, hand the message over, report what happened."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from pathlib import PurePath
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from schemas.clock import Clock
from schemas.trace_context import TraceContext
from sender.bounces.hard_bounces import bounced
from sender.delivery.pacing import Pacing
from sender.delivery.retry import (
    Chance,
    RetryPolicy,
    Verdict,
    after_fault,
    after_no_session,
    after_reply,
    after_size,
    after_withholding,
    out_of_time,
)
from sender.ports import Composed, Composer, DeliveryMonitor, OutgoingMessage, Transport, WithheldError
from sender.records import LedgerEntry, Report
from sender.replies.reply import Reply, ReplyKind
from sender.tracing import Tracer

KEPT_WORDS: Final = 500
"""Characters of a reply that are kept."""


class Tried(Struct, frozen=True):
    """The result of an attempt: the report for the ledger, and the transport's reply where it gave one.

    `entry` is the job as it was claimed. Where it carries a digest, `listed` are the jobs in that, itself among them.
    """

    entry: LedgerEntry
    report: Report
    reply: Reply | None = None
    listed: Sequence[LedgerEntry] = ()
    trace: TraceContext | None = None


class Attempts:
    """Makes attempts, any number at a time. An error in one becomes a report on its job and stops no other.

    A transport that has not answered within `send_limit` is cancelled: whether its message arrived is unknown then.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - its ports, one by one
        self,
        composer: Composer,
        transport: Transport[OutgoingMessage],
        clock: Clock,
        policy: RetryPolicy,
        chance: Chance,
        pacing: Pacing,
        send_limit: timedelta,
        monitor: DeliveryMonitor,
        tracer: Tracer,
        handing_over: Callable[[LedgerEntry], Awaitable[None]],
    ) -> None:
        self._handing_over = handing_over
        self._composer = composer
        self._transport = transport
        self._clock = clock
        self._policy = policy
        self._chance = chance
        self._pacing = pacing
        self._send_limit = send_limit
        self._monitor = monitor
        self._tracer = tracer
        self._writing: dict[str, datetime] = {}

    def writing(self) -> timedelta:
        """How long the message has been in composing that has been there longest.

        Delivery goes on while a renderer hangs, so this is the only sign of it.
        """
        now = self._clock.now()
        return max((now - since for since in self._writing.values()), default=timedelta(0))

    async def make(self, entry: LedgerEntry, listed: Sequence[LedgerEntry] = ()) -> Tried:
        """Make one attempt on a claimed job; with `listed`, as the digest of those. Raises nothing but cancellation."""
        trace = self._tracer.attempting(entry, listed)
        try:
            report, reply = await self._make(entry, listed)
        except BaseException:
            trace.end(None)
            raise
        finally:
            # Before the result is recorded: the next claim may count on the place that this one had.
            self._pacing.ended(entry)
        trace.end(report.transition, reply)
        return Tried(entry, report, reply, listed, trace.context)

    async def _make(self, entry: LedgerEntry, listed: Sequence[LedgerEntry]) -> tuple[Report, Reply | None]:
        self._writing[entry.job.id] = self._clock.now()
        try:
            composed = await self._compose(entry, listed)
        except Exception as error:  # noqa: BLE001 - whatever one message does to the composer, the others go on
            return self._fault(entry, f"the message could not be written: {place_of(error)}"), None
        finally:
            del self._writing[entry.job.id]
        late = self._too_late(entry)
        if late is not None:
            return late, None
        try:
            return await self._send(entry, composed, listed)
        except WithheldError as error:
            return replace(report_on(entry, after_withholding(self._clock.now())), text=str(error)), None

    async def _compose(self, entry: LedgerEntry, listed: Sequence[LedgerEntry]) -> Composed:
        if listed:
            return await self._composer.digest(entry, listed)
        return await self._composer.compose(entry.job, entry.trigger, entry.form)

    def _too_late(self, entry: LedgerEntry) -> Report | None:
        """The report of a job whose time or lease ended while its message was composed; None where it may go out."""
        now, lease_until = self._clock.now(), entry.standing.lease_until
        if entry.job.expires <= now:
            return report_on(entry, out_of_time(entry.standing))
        # Handed over now, the message might still be on its way when another sender claims the job and sends a second.
        if lease_until is None or now + self._send_limit > lease_until:
            return self._fault(entry, "writing the message took so long that its lease was nearly over")
        return None

    async def _send(
        self, entry: LedgerEntry, composed: Composed, listed: Sequence[LedgerEntry]
    ) -> tuple[Report, Reply]:
        # Told before the answer: a relay that answers nothing is found out by this alone.
        self._pacing.asked(entry, self._clock.now())
        reply = await self._hand_over(entry, composed.message)
        now = self._clock.now()
        self._pacing.heard(entry, reply, now)
        self._monitor.answered(entry, reply, now)
        if reply.is_about_the_relay:
            verdict = after_no_session(self._policy, now)
        elif listed and reply.is_too_large:
            verdict = after_size(now, len(listed), entry.job.expires)
        else:
            verdict = after_reply(self._policy, entry.standing, reply.kind, now, self._chance)
        report = report_on(entry, verdict, reply, composed.fault)
        # The suppression is recorded with the report, in one transaction: a crash loses both or none.
        return replace(report, suppress=bounced(entry.job, composed.message.recipient, reply, now)), reply

    async def _hand_over(self, entry: LedgerEntry, message: OutgoingMessage) -> Reply:
        try:
            async with asyncio.timeout(self._send_limit.total_seconds()):
                return await self._transport.send(message, lambda: self._handing_over(entry))
        except WithheldError:
            raise
        except TimeoutError:
            return Reply(ReplyKind.UNKNOWN, None, f"the transport gave no answer within {self._send_limit}")
        except Exception as error:  # noqa: BLE001 - as above; the final dot may have been sent before it
            return Reply(ReplyKind.UNKNOWN, None, f"the transport failed: {place_of(error)}")

    def _fault(self, entry: LedgerEntry, words: str) -> Report:
        verdict = after_fault(self._policy, entry.standing, self._clock.now(), self._chance)
        return report_on(entry, verdict, Reply(ReplyKind.DEFERRED, None, words))


def report_on(entry: LedgerEntry, verdict: Verdict, reply: Reply | None = None, fault: str | None = None) -> Report:
    """The report that states this verdict on the job's present attempt."""
    return Report(
        job=entry.job.id,
        attempt=entry.standing.attempt,
        transition=verdict.transition,
        until=verdict.until,
        code=None if reply is None else reply.code,
        text=None if reply is None else reply.text[:KEPT_WORDS],
        fault=fault,
    )


def place_of(error: BaseException) -> str:
    """The error's type and where it was raised. Its message is left out: it may hold an address or a text."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f" in {PurePath(frames[-1].filename).name}, line {frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__}{where}"
