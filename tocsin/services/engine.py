"""The engine as a service of its own: events, directory and decisions on Kafka."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Final

import structlog
from msgspec import Struct

from adapters.collector import collector_seldom
from adapters.kafka.directory_topic import DirectoryTopic
from adapters.kafka.errors import DamagedBatchError, KafkaRefusedError, KafkaUnavailableError, NotCommittedError
from adapters.kafka.event_log import KafkaEventLog
from adapters.kafka.settings import KafkaSettings, Membership
from adapters.kafka.topics import Level, check_topics
from adapters.kafka.transaction import AfterStep, nothing
from engine.consumer import Batch, Consumer
from schemas.pseudonyms import NO_PSEUDONYMS, Pseudonyms
from tocsin.clock import SystemClock
from tocsin.config.wiring.telemetry import tracing
from tocsin.services.lifecycle.loops import repeat
from tocsin.services.lifecycle.stopping import Stop
from tocsin.services.monitoring.engine import EngineMonitor, MeasuredEventLog, MonitoredDirectory
from tocsin.services.monitoring.health_file import HealthFile
from tocsin.services.reload.kept_rules import KeptRules
from tocsin.services.reload.rules_in_force import ReloadingRules
from tocsin.services.rule_changes import on_rules_change

log = structlog.get_logger()

POLL_SECONDS: Final = 0.5


LONGEST_LOAD: Final = timedelta(seconds=1)
"""Partitions are kept for a restart whose load takes no longer. The rest of a restart takes some two seconds more."""
RECORDS_PER_SECOND: Final = 60_000
"""About how quickly a directory is loaded. It may have grown since this process loaded it."""


class WhyLeft(StrEnum):
    """Why an engine gives up its place."""

    TOLD = "it was told to"
    LONG_LOAD = "its directory takes longer to load than its partitions should wait"


class Leaving(Struct, frozen=True):
    """Whether an engine that stops gives up its place in its group, so that the others take over at once.

    A place that is kept lets a process that comes back within its session go on where it was, and nobody has to move
    partitions. But nobody works on them meanwhile, and it comes back no sooner than its directory is complete. What
    somebody has `told` it, to leave or to stay, holds; else the time that a load takes.
    """

    told: bool | None = None
    longest_load: timedelta = LONGEST_LOAD

    def why(self, loaded_within: timedelta, records: int) -> WhyLeft | None:
        """Why it leaves; None where it stays.

        At its start it loaded its directory within `loaded_within`; it has so many `records` now.
        """
        # An operator knows whether this is a restart or the end; the process does not.
        if self.told is not None:
            return WhyLeft.TOLD if self.told else None
        return WhyLeft.LONG_LOAD if next_load(loaded_within, records) > self.longest_load else None


def next_load(loaded_within: timedelta, records: int) -> timedelta:
    """About how long the next load takes: no less than the last one, and no less than so many records take."""
    return max(loaded_within, timedelta(seconds=records / RECORDS_PER_SECOND))


class EngineService:
    """Decides events as they come. It waits out an outage of Kafka; any other error is raised, and ends the process."""

    def __init__(self, event_log: KafkaEventLog, consumer: Consumer, monitor: EngineMonitor) -> None:
        self._log = event_log
        self._consumer = consumer
        self._monitor = monitor

    def run(self, stop: Stop) -> None:
        """Work until told to stop; the batch under way is finished.

        Raises InstanceTakenError and KafkaRefusedError.
        """
        stop.ask(self._monitor.vitals.running)
        with stop.ends_with():
            repeat("engine", self._come_round, self._monitor.vitals, stop.event)

    def _come_round(self) -> bool:
        """One step; False where it is to be tried again after a pause."""
        try:
            self.step(POLL_SECONDS)
        except NotCommittedError as error:
            # The records come again, here or at the engine that has their partitions now. A member that Kafka has put
            # out of the group learns so at its next heartbeat.
            log.warning("batch_not_committed", error=type(error).__name__, said=str(error))
        except DamagedBatchError as error:
            # It is a batch of the directory, and nothing may be decided by a directory that lacks records.
            log.warning("directory_damaged", **error.batch.place, why=error.batch.why)
            self._monitor.damaged([*self._log.damaged, error.batch])
            self._log.rewind()
        except KafkaUnavailableError as error:
            log.warning("kafka_unavailable", error=type(error).__name__, said=str(error))
            self._monitor.waits_for_kafka()
            self._log.rewind()
        else:
            self._monitor.goes_well(self._log.has_joined, self._log.generations)
            self._monitor.damaged(self._log.damaged)
            return True
        return False

    def step(self, timeout: float) -> Batch:
        """Take one batch, and say in the log what became of it."""
        batch = self._consumer.step(timeout)
        self._monitor.decided(batch)
        return batch


@contextmanager
def engine_service(  # noqa: PLR0913 - its parts, one by one
    settings: KafkaSettings,
    membership: Membership,
    rules: Path | None,
    folder: Path | None = None,
    after_step: AfterStep = nothing,
    leaving: Leaving = Leaving(),  # noqa: B008 - a value, and frozen
    monitor: EngineMonitor | None = None,
    *,
    stop: Stop | None = None,
    pseudonyms: Pseudonyms = NO_PSEUDONYMS,
) -> Iterator[EngineService]:
    """The service, wired together. The directory is complete before this process joins its group.

    `pseudonyms` recognises suppressions of people who were forgotten.

    In `folder` it says how the rules stand, and keeps the last good ones for a start at which the files are refused.
    `leaving` says whether it gives up its place in the group at the end. `monitor` sees what it does. A long reading of
    the directory ends where `stop` is asked for meanwhile.

    Raises FaultyFileError, InstanceTakenError, KafkaRefusedError, KafkaUnavailableError and TracingSettingsError;
    StoppedError where it was told to stop while it loaded its directory, at the start or later.
    """
    _check(settings)
    clock, seen = SystemClock(), monitor or EngineMonitor(membership.instance)
    health = None if folder is None else HealthFile(folder)
    kept = None if folder is None else KeptRules(folder)
    with (
        tracing("tocsin-engine", engine_group=membership.group) as tracers,
        closing(ReloadingRules(rules, on_rules_change(seen, health, clock), kept=kept)) as reloading,
        closing(DirectoryTopic(settings, (stop or Stop()).check, pseudonyms)) as topic,
    ):
        directory = MonitoredDirectory(topic, seen)
        # Loaded before it joins the group: meanwhile another engine goes on with the partitions.
        directory.current()
        event_log = KafkaEventLog(settings, membership, after_step=after_step)
        try:
            consumer = Consumer(MeasuredEventLog(event_log, seen), directory, reloading, clock, tracers.events)
            with collector_seldom():
                yield EngineService(event_log, consumer, seen)
        finally:
            why = leaving.why(topic.loaded_within, topic.records)
            if why is not None:
                log.info("leaves", group=membership.group, why=why.value, records=topic.records)
            event_log.close(for_good=why is not None)


def _check(settings: KafkaSettings) -> None:
    problems = check_topics(settings)
    for problem in problems:
        if problem.level is Level.WRONG:
            log.warning("topic_problem", topic=problem.topic, problem=problem.problem)
    # Topics are never created here: with what partitions and retention is the operator's decision.
    missing = [str(problem) for problem in problems if problem.level is Level.MISSING]
    if missing:
        raise KafkaRefusedError("; ".join(missing))
