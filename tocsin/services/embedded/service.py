"""Embedded mode: engine and sender in one process, on one file that holds event log, positions, jobs and ledger."""

from __future__ import annotations

import asyncio
import random
import threading
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from msgspec import Struct

from adapters.prometheus.directory_metrics import DirectoryFilesMetrics
from adapters.prometheus.history_metrics import HistoryMetrics
from adapters.sqlite.event_log import SqliteConsumer, SqliteLog
from adapters.sqlite.history import SqliteHistory, SqliteHistorySource
from adapters.sqlite.ledger import SqliteLedger
from engine.consumer import Batch, Consumer
from engine.ports import DirectorySource, RulesSource
from history.filler import Filler
from schemas.clock import Clock
from schemas.pseudonyms import NO_PSEUDONYMS, Pseudonyms
from schemas.topics import DEAD_LETTERS, DECISIONS, JOBS, OUTCOMES, SUPPRESSIONS, TICKETS
from sender.acceptance import Acceptance
from sender.delivery.gate import Gate
from sender.delivery.loop import Delivery
from sender.ledger.port import Retention
from sender.ports import Composer, OutgoingMessage, People, Transport
from sender.publisher import LAST_BATCHES, Publisher
from tocsin.config.groups import ENGINE_GROUP, SENDER_GROUP
from tocsin.config.settings.declared.history import KEPT
from tocsin.config.wiring.sending import POLL_SECONDS, SendingSettings
from tocsin.config.wiring.telemetry import OFF, Tracers
from tocsin.services.embedded.data_folder import LogTopics
from tocsin.services.embedded.directory import SuppressedDirectory
from tocsin.services.history import HistoryLoop
from tocsin.services.lifecycle.loops import once, repeated
from tocsin.services.lifecycle.stopping import Stop, together
from tocsin.services.monitoring.engine import DecidingMonitor, MeasuredEventLog
from tocsin.services.monitoring.sender import SendingMonitor, delivered
from tocsin.services.outcomes import OutcomePosting

KEPT_FOR: Final = timedelta(days=7)
"""How long the log keeps what has been read; the ledger keeps its jobs by its own rule."""

TOMBSTONES_KEPT: Final = timedelta(hours=1)
"""How long the log keeps the tombstones of lifted suppressions: engine and sender read them within seconds."""

TIDY_EVERY: Final = timedelta(hours=1)


class Sources(Struct, frozen=True):
    """What the engine decides by, and what the sender sends with. `pseudonyms` tell both who was forgotten.

    Decisions are kept for `keep_history` to be found.
    """

    directory: DirectorySource
    rules: RulesSource
    people: People
    composer: Composer
    transport: Transport[OutgoingMessage]
    clock: Clock
    pseudonyms: Pseudonyms = NO_PSEUDONYMS
    keep_history: timedelta = KEPT


class EmbeddedMonitor(DecidingMonitor, SendingMonitor):
    """Sees everything that `tocsin up` does, and shows it."""

    def __init__(self) -> None:
        super().__init__({})
        self._directory_files = DirectoryFilesMetrics(self.registry)
        self.history = HistoryMetrics(self.registry)

    def directory_changed(self, unreadable: Sequence[str]) -> None:
        """The directory's folder was read; these files of it can't be."""
        self._directory_files.unreadable(len(unreadable))
        self.vitals.remark("directory", unreadable)


class Embedded:
    """Engine and sender at work on one file. Only one for each file, see `sole_owner`. `monitor` sees what they do."""

    def __init__(
        self,
        database: Path,
        sources: Sources,
        sending: SendingSettings,
        monitor: EmbeddedMonitor,
        tracers: Tracers = OFF,
        outcomes: OutcomePosting | None = None,
    ) -> None:
        self._monitor = monitor
        self._stop = threading.Event()
        clock = sources.clock
        self._clock = clock
        # Each part works in a thread of its own, so each has a connection of its own.
        self._log = SqliteLog(database)
        self._topics = LogTopics(database, clock)
        self._suppressions = SqliteLog(database)
        self._tidied: datetime | None = None
        self._tickets = SqliteConsumer(database, TICKETS, ENGINE_GROUP, clock, self._stop)
        self._jobs = SqliteConsumer(database, JOBS, SENDER_GROUP, clock, self._stop)
        self.ledger = SqliteLedger(database)
        directory = SuppressedDirectory(sources.directory, self._suppressions, sources.pseudonyms)
        measured = MeasuredEventLog(self._tickets, monitor)
        self._consumer = Consumer(measured, directory, sources.rules, clock, tracers.events)
        self._acceptance = Acceptance(self._jobs, self.ledger, self._topics, clock, sending.acceptance(), tracers.jobs)
        self._delivery = Delivery(
            self.ledger,
            sources.composer,
            sources.transport,
            clock,
            random.random,
            sending.delivery(),
            gate=Gate(self.ledger, sources.people, sending.mode, sources.pseudonyms),
            monitor=monitor.delivery,
            tracer=tracers.jobs,
        )
        self._outcomes = outcomes
        self._publisher = Publisher(self.ledger, self._topics if outcomes is None else outcomes.told(self._topics))
        self._transport = sources.transport
        self._history = SqliteHistory(database)
        self._decisions = SqliteHistorySource(database)
        filler = Filler(self._decisions, self._history, clock, sources.keep_history)
        self._filling = HistoryLoop(filler, monitor.history, self._stop)

    async def run(self, stop: Stop) -> None:
        """Work until told to stop, and finish what is under way. An error in one part stops all, and is raised."""
        vitals = self._monitor.vitals
        stop.ask(vitals.running)
        stop.ask(self._delivery.under_way)
        # Polls wait in threads, for an event of their own: setting it ends them early.
        stop.then(self._stop.set)
        steps = {
            "decide": self._decide,
            "accept": self._accept,
            "publish": self._publish,
            "history": self._filling.step,
        }
        loops = [repeated(name, step, vitals, stop.event) for name, step in steps.items()]
        if self._outcomes is not None:
            loops.append(self._outcomes.run(stop))
        with self._monitor.looking_at(self.ledger, self._clock):
            await together(stop, *loops, delivered(self._delivery, vitals, stop))
            # Deliveries have ended by now; what became of the last ones is still to be published.
            await once("publish_the_rest", lambda: self._publisher.drain(LAST_BATCHES), vitals)

    async def drain(self, asked: Stop | None = None) -> None:
        """Work until every event is decided and no job is due, or until told to stop."""
        stop = asked or Stop()
        stop.ask(self._delivery.under_way)
        # All events first, then all jobs: deciding makes jobs, and nothing makes events.
        while not stop.event.is_set() and (await asyncio.to_thread(self.decide_batch, 0.0)).records:
            pass
        while not stop.event.is_set() and (await asyncio.to_thread(self._acceptance.step)).records:
            pass
        await self._delivery.drain(stop.in_loop())
        await asyncio.to_thread(self._publisher.drain)
        if self._outcomes is not None:
            await self._outcomes.drain()
        await asyncio.to_thread(self._filling.fill)

    def decide_batch(self, timeout: float) -> Batch:
        """One step of the engine, and the lines in the log about it."""
        batch = self._consumer.step(timeout)
        self._monitor.decided(batch)
        return batch

    async def close(self) -> None:
        """Close the connections, and the file."""
        await self._transport.close()
        logs = (self._log, self._tickets, self._jobs, self._topics, self._suppressions, self._decisions)
        for part in (*logs, self._history, self.ledger):
            part.close()

    def _decide(self) -> bool:
        self.decide_batch(POLL_SECONDS)
        self._tidy()
        return True  # at once: the poll itself waits for records

    def _accept(self) -> bool:
        self._monitor.accepted(self._acceptance.step())
        return True  # likewise

    def _publish(self) -> bool:
        published = self._publisher.step()
        self._monitor.ledger.published(published, self._clock.now())
        return bool(published)

    def _tidy(self) -> None:
        """Delete what is no longer needed, once an hour."""
        now = self._clock.now()
        if self._tidied is None or now - self._tidied >= TIDY_EVERY:
            self._log.prune((TICKETS, JOBS, DECISIONS, DEAD_LETTERS, OUTCOMES), now - KEPT_FOR)
            self._log.compact(SUPPRESSIONS, now - TOMBSTONES_KEPT)
            # In portions, so that a stop does not wait for all that a week has left.
            while not self._stop.is_set() and self.ledger.prune(now, Retention()) > 0:
                pass
            self._tidied = now
