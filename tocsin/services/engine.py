"""The engine as a service of its own: events, directory and decisions on Kafka."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

import structlog

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
from tocsin.services.lifecycle.leaving import Leaving
from tocsin.services.lifecycle.liveness import repeat
from tocsin.services.lifecycle.steps import decide
from tocsin.services.lifecycle.stopping import Stop
from tocsin.services.monitoring.engine import EngineWatch, MeasuredEventLog, WatchedDirectory
from tocsin.services.monitoring.health_file import HealthFile
from tocsin.services.reload.kept_rules import KeptRules
from tocsin.services.reload.rules_in_force import WatchedRules, health_of

log = structlog.get_logger()

POLL_SECONDS: Final = 0.5


class EngineService:
    """Decides what comes. An outage of Kafka is waited out; what can't be mended is raised, and ends the process."""

    def __init__(self, event_log: KafkaEventLog, consumer: Consumer, watch: EngineWatch) -> None:
        self._log = event_log
        self._consumer = consumer
        self._watch = watch

    def run(self, stop: Stop) -> None:
        """Work until told to stop; the batch under way is finished.

        Raises InstanceTakenError and KafkaRefusedError.
        """
        stop.ask(self._watch.vitals.running)
        with stop.ends_with():
            repeat("engine", self._come_round, self._watch.vitals, stop.event)

    def _come_round(self) -> bool:
        """One step; False where it is to be tried again after a pause."""
        try:
            self.step(POLL_SECONDS)
        except NotCommittedError as error:
            # The records come again, here or at whoever has them now. A member that was thrown out learns that by
            # its next sign of life.
            log.warning("batch_not_committed", error=type(error).__name__, said=str(error))
        except DamagedBatchError as error:
            # Of the directory: without it nothing may be decided.
            log.warning("directory_damaged", **error.batch.place, why=error.batch.why)
            self._watch.damaged([*self._log.damaged, error.batch])
            self._log.rewind()
        except KafkaUnavailableError as error:
            log.warning("kafka_unavailable", error=type(error).__name__, said=str(error))
            self._watch.waits_for_kafka()
            self._log.rewind()
        else:
            self._watch.goes_well(self._log.has_joined, self._log.generations)
            self._watch.damaged(self._log.damaged)
            return True
        return False

    def step(self, timeout: float) -> Batch:
        """Take one batch, and say in the log what became of it."""
        return decide(self._consumer, self._watch, timeout)


@contextmanager
def engine_service(  # noqa: PLR0913 - its parts, one by one
    settings: KafkaSettings,
    membership: Membership,
    rules: Path | None,
    folder: Path | None = None,
    after_step: AfterStep = nothing,
    leaving: Leaving = Leaving(),  # noqa: B008 - a value, and frozen
    watch: EngineWatch | None = None,
    *,
    stop: Stop | None = None,
    pseudonyms: Pseudonyms = NO_PSEUDONYMS,
) -> Iterator[EngineService]:
    """The service, wired together. The directory is complete before this process joins its group.

    By `pseudonyms`, suppressions of people who were forgotten are recognised.

    In `folder` it says how the rules stand, and keeps the last good ones for a start at which the files are refused.
    `leaving` says whether it gives up its place in the group at the end. `watch` sees what it does. A long reading of
    the directory ends where `stop` is asked for meanwhile.

    Raises RuleFileError, InstanceTakenError, KafkaRefusedError, KafkaUnavailableError and TracingSettingsError;
    StoppedError where it was told to stop while it loaded its directory, be that here or later.
    """
    _check(settings)
    clock, seen = SystemClock(), watch or EngineWatch(membership.instance)
    health = None if folder is None else HealthFile(folder)
    kept = None if folder is None else KeptRules(folder)

    def on_change(watched: WatchedRules) -> None:
        seen.rules_changed(watched)
        if health is not None:
            health.write(health_of(watched, clock.now()))

    with (
        tracing("tocsin-engine", engine_group=membership.group) as tracers,
        closing(WatchedRules(rules, on_change, kept=kept)) as watched,
        closing(DirectoryTopic(settings, (stop or Stop()).check, pseudonyms)) as topic,
    ):
        directory = WatchedDirectory(topic, seen)
        # While it loads, another engine goes on with the partitions that this one will ask for.
        directory.current()
        event_log = KafkaEventLog(settings, membership, after_step=after_step)
        try:
            consumer = Consumer(MeasuredEventLog(event_log, seen), directory, watched, clock, tracers.events)
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
    missing = [str(problem) for problem in problems if problem.level is Level.MISSING]
    if missing:
        raise KafkaRefusedError("; ".join(missing))
