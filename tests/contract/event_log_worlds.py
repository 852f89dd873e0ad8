"""What stands around an event log in its contract: how to append, to look, and to be another process."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

from adapters.kafka.event_log import KafkaEventLog
from adapters.kafka.settings import KafkaSettings, Membership
from adapters.sqlite.event_log import SqliteConsumer, SqliteLog
from engine.ports import EventLog
from schemas.log import NewRecord, Record
from tests.support.brokers.cluster import Cluster

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
TOPIC = "helpdesk.tickets"
OUT = "tocsin.jobs"
OTHER = "tocsin.decisions"


class StillClock:
    def now(self) -> datetime:
        return AT


class World(Protocol):
    """A log, seen by several processes."""

    patience: float
    """Seconds within which a record that is there is polled."""

    def consumer(self, group: str = "engine") -> EventLog:
        """A process that reads as this group; one that read before as the same group has ended."""
        ...

    def append(self, *values: bytes | None, key: bytes = b"T-1") -> None:
        """Append to the topic that is read."""
        ...

    def written(self, topic: str = OUT) -> list[bytes | None]:
        """What readers of a topic see."""
        ...

    def left(self, group: str = "engine") -> int:
        """Records that the group has not committed."""
        ...

    def now(self) -> datetime:
        """The time by which records are stamped."""
        ...

    def close(self) -> None:
        """Let go of everything."""
        ...


def polled(consumer: EventLog, number: int, patience: float, most: int = 100) -> list[Record]:
    """Poll until so many records have come."""
    records: list[Record] = []
    deadline = time.monotonic() + patience
    while len(records) < number and time.monotonic() <= deadline:
        records += consumer.poll(most, patience)
    return records


class SqliteWorld:
    """The log in a file: processes are connections to it."""

    patience = 1.0

    def __init__(self, folder: Path) -> None:
        self._path = folder / "log.db"
        self._open: list[SqliteConsumer | SqliteLog] = []
        self.log = SqliteLog(self._path)
        self._open.append(self.log)

    def consumer(self, group: str = "engine", topic: str = TOPIC) -> SqliteConsumer:
        consumer = SqliteConsumer(self._path, topic, group, StillClock())
        self._open.append(consumer)
        return consumer

    def append(self, *values: bytes | None, key: bytes = b"T-1") -> None:
        self.log.append([NewRecord(TOPIC, key, value, (("h", b"1"),)) for value in values], AT)

    def written(self, topic: str = OUT) -> list[bytes | None]:
        return [record.value for record in self.log.read(topic)]

    def left(self, group: str = "engine") -> int:
        return self.consumer(group).lag()

    def now(self) -> datetime:
        return AT

    def close(self) -> None:
        for one in self._open:
            one.close()


QUICK = {"session": timedelta(seconds=6), "transaction": timedelta(seconds=5), "call_limit": timedelta(seconds=60)}


class KafkaWorld:
    """The log on a broker: a process is a static member, and another one in its place after a restart."""

    patience = 15.0

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.settings = KafkaSettings((cluster.bootstrap,), cluster.prefix)
        self._open: dict[str, KafkaEventLog] = {}
        cluster.create(TOPIC, OUT, OTHER)

    def consumer(self, group: str = "engine") -> KafkaEventLog:
        if group in self._open:
            self._open.pop(group).close()
        self._open[group] = KafkaEventLog(self.settings, Membership(group, "one", **QUICK))
        return self._open[group]

    def append(self, *values: bytes | None, key: bytes = b"T-1") -> None:
        self.cluster.append(NewRecord(TOPIC, key, value, (("h", b"1"),)) for value in values)

    def written(self, topic: str = OUT) -> list[bytes | None]:
        return [record.value for record in self.cluster.read(topic)]

    def left(self, group: str = "engine") -> int:
        return self.cluster.ends(TOPIC)[0] - self.cluster.committed(group, TOPIC).get(0, 0)

    def now(self) -> datetime:
        return datetime.now(UTC)

    def close(self) -> None:
        for one in self._open.values():
            with suppress(RuntimeError):
                one.close()


def values(records: Sequence[Record]) -> list[bytes | None]:
    """The values of records."""
    return [record.value for record in records]
