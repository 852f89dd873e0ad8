"""What stands around a sink of events in its contract: its log, and how that goes away and comes back."""

from __future__ import annotations

import gc
import sqlite3
import warnings
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Protocol

from adapters.kafka.event_sink import KafkaEventSink
from adapters.kafka.settings import KafkaSettings
from adapters.sqlite.event_log import SqliteLog
from adapters.sqlite.event_sink import SqliteEventSink
from intake.ports import EventSink, LogAwayError
from schemas.log import NewRecord
from schemas.topics import TICKETS
from tests.support.brokers.cluster import Cluster
from tests.support.brokers.native import NativeBroker
from tests.support.engine_on_fakes import Still
from tests.support.helpdesk.events import NOW
from tests.support.intake.in_memory_sink import InMemoryEventSink

Kept = tuple[bytes | None, bytes | None, tuple[tuple[str, bytes], ...]]


class World(Protocol):
    """A sink, and the log behind it. `bound`: seconds within which it says that the log is away."""

    sink: EventSink
    bound: float

    def kept(self) -> Sequence[Kept]:
        """Key, value and headers of what readers see."""
        ...

    @contextmanager
    def away(self) -> Iterator[None]:
        """The log is away within the block."""
        ...


class MemoryWorld:
    bound = 1.0

    def __init__(self, sink: InMemoryEventSink | None = None) -> None:
        self._sink = sink or InMemoryEventSink()
        self.sink: EventSink = self._sink

    def kept(self) -> Sequence[Kept]:
        return [(one.key, one.value, one.headers) for one in self._sink.records]

    @contextmanager
    def away(self) -> Iterator[None]:
        self._sink.why = LogAwayError("away", "the log is away")
        yield
        self._sink.why = None


class SqliteWorld:
    bound = 5.0

    def __init__(self, folder: Path) -> None:
        self._path = folder / "tocsin.db"
        self.sink: EventSink = SqliteEventSink(self._path, Still(NOW), timedelta(seconds=0.2))

    def kept(self) -> Sequence[Kept]:
        with closing(SqliteLog(self._path)) as log:
            return [(one.key, one.value, one.headers) for one in log.read(TICKETS)]

    @contextmanager
    def away(self) -> Iterator[None]:
        """Another process sits on the file's lock."""
        with closing(sqlite3.connect(self._path, isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            yield


class KafkaWorld:
    bound = 30.0  # on a machine under load

    def __init__(self, cluster: Cluster, broker: NativeBroker | None, patience: timedelta) -> None:
        cluster.create(TICKETS, partitions=3)
        self._cluster = cluster
        self._broker = broker
        settings = KafkaSettings((cluster.bootstrap,), cluster.prefix)
        self.sink: EventSink = KafkaEventSink(settings, "one", patience)

    def kept(self) -> Sequence[Kept]:
        return [(one.key, one.value, one.headers) for one in self._cluster.read(TICKETS)]

    @contextmanager
    def away(self) -> Iterator[None]:
        """The broker hangs."""
        assert self._broker is not None
        self._broker.pause()
        try:
            yield
        finally:
            self._broker.resume()


def record(number: int, key: bytes = b"T-1") -> NewRecord:
    return NewRecord(TICKETS, key, b"%d" % number, (("content-type", b"application/cloudevents+json"),))


def kept_of(records: Sequence[NewRecord]) -> list[Kept]:
    return [(one.key, one.value, one.headers) for one in records]


def let_go(sink: EventSink) -> None:
    """Close a sink, and with it what kafka-python leaves of a producer that found no broker."""
    sink.close()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()
