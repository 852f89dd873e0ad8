"""What can be seen of a running engine from outside: metrics, its lag, and whether it is alive and ready."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from typing import Protocol

from adapters.kafka.settings import KafkaSettings
from adapters.prometheus.directory_metrics import UNNAMED, DirectoryMetrics
from adapters.prometheus.engine_metrics import EngineMetrics
from adapters.prometheus.lag_metrics import LagMetrics
from engine.consumer import Batch
from engine.directory.directory import Directory
from engine.directory.naming import first_named
from engine.ports import EventLog
from schemas.log import NewRecord, Record
from schemas.topics import TICKETS
from tocsin.services.monitoring.lag import monitoring_lag
from tocsin.services.monitoring.log_lines import MisplacedLines, tell_batch
from tocsin.services.monitoring.service import ReadingMonitor, ServiceMonitor
from tocsin.services.reload.rules_in_force import ReloadingRules, ReloadOutcome


class DecidingMonitor(ServiceMonitor):
    """Sees how events are decided, wherever they come from. Its parts are called from the thread that decides."""

    def __init__(self, waits_for: Mapping[str, str]) -> None:
        super().__init__({"directory": "not complete yet", "rules": "none yet"} | dict(waits_for))
        self.engine = EngineMetrics(self.registry)
        self.directory = DirectoryMetrics(self.registry)
        self.misplaced = MisplacedLines()

    def decided(self, batch: Batch) -> None:
        """A batch was decided and committed: its metrics, and the lines of the log about it."""
        self.engine.batch(batch)
        tell_batch(batch)
        self.misplaced.tell(batch.misplaced)

    def rules_changed(self, rules: ReloadingRules) -> None:
        """Rules were put in force, or a change of their files was refused."""
        super().rules_changed(rules)
        if rules.last is ReloadOutcome.APPLIED:
            self.engine.reloaded("accepted")
        if rules.last is ReloadOutcome.REFUSED:
            self.engine.reloaded("refused")
            # A refusal while the service runs leaves in force what is counted already; at a start, kept rules are put
            # in force.
            if rules.kept_since is None:
                return
        self.vitals.ready("rules")
        self.engine.rules_in_force(rules.loaded.rulebook.digest, time.time())


class EngineMonitor(DecidingMonitor, ReadingMonitor):
    """Sees everything that an engine does on Kafka, and shows it."""

    def __init__(self, instance: str) -> None:
        super().__init__({"group": "not joined yet"})
        self.lag = LagMetrics(self.registry, instance)

    def goes_well(self, has_joined: bool, generations: int = 0) -> None:
        """A step went without trouble; `has_joined` says whether this is a member of its group.

        `generations` counts the generations of the group that it has been part of.
        """
        self.lag.generations(generations)
        self.vitals.ready("kafka")
        if has_joined:
            self.vitals.ready("group")
        else:
            self.vitals.not_ready("group", "not joined yet")

    def waits_for_kafka(self) -> None:
        """Kafka does not answer."""
        self.vitals.not_ready("kafka", "does not answer; it is asked again")

    @contextmanager
    def shown(self, listen: tuple[str, int] | None, settings: KafkaSettings, group: str) -> Iterator[int]:
        """Answer probes and scrapes within the block, and look at the lag.

        Gives the port; 0 where `listen` is None, and then nothing is looked at. Raises AddressError.
        """
        with self.answering(listen) as port:
            lag = monitoring_lag(self.lag, self.vitals, settings, group, TICKETS) if self.is_shown else nullcontext()
            with lag:
                yield port


class _Directory(Protocol):
    @property
    def problems(self) -> Mapping[str, int]: ...

    @property
    def unnamed(self) -> int: ...

    def current(self) -> Directory: ...


class MonitoredDirectory:
    """A DirectorySource that tells how fresh it is."""

    def __init__(self, source: _Directory, monitor: DecidingMonitor) -> None:
        self._source = source
        self._monitor = monitor

    def current(self) -> Directory:
        """See engine.ports.DirectorySource."""
        directory = self._source.current()
        seen = self._monitor.directory
        # Counted each time: the directory changes record by record, without telling of it.
        counts, unnamed = directory.unreadable_counts(), self._source.unnamed
        seen.read(len(directory), {**counts, UNNAMED: unnamed}, self._source.problems, time.time())
        self._monitor.vitals.ready("directory")
        self._monitor.vitals.remark("records", [*_remarks(directory, sum(counts.values())), *_without_name(unnamed)])
        return directory


def _remarks(directory: Directory, unreadable: int) -> list[str]:
    if not unreadable:
        return []
    named = first_named(directory.unreadable_names(), unreadable)
    return [f"{named} can't be read; whoever they might alert waits until they are mended"]


def _without_name(unnamed: int) -> list[str]:
    return [f"{unnamed} more have keys that name no record: tocsin directory check"] if unnamed else []


class MeasuredEventLog:
    """An EventLog whose commits are measured."""

    def __init__(self, event_log: EventLog, monitor: DecidingMonitor) -> None:
        self._log = event_log
        self._monitor = monitor

    def poll(self, max_records: int, timeout: float) -> Sequence[Record]:
        """See engine.ports.EventLog."""
        return self._log.poll(max_records, timeout)

    def commit(self, records: Sequence[Record], outputs: Sequence[NewRecord]) -> None:
        """See engine.ports.EventLog."""
        with self._monitor.engine.transaction():
            self._log.commit(records, outputs)

    def rewind(self) -> None:
        """See engine.ports.EventLog."""
        self._log.rewind()

    def partition_of(self, key: bytes) -> int | None:
        """See engine.ports.EventLog."""
        return self._log.partition_of(key)
