"""The event log of embedded mode: Kafka's topics, offsets and groups in one SQLite file, with one partition a topic."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec

from adapters.sql_ledger.moments import from_micros, to_micros
from adapters.sqlite.database import open_database, reading, transaction
from schemas.clock import Clock
from schemas.log import Headers, NewRecord, Record

PARTITION: Final = 0
LOOK_AGAIN: Final = 0.05
"""Seconds between two looks for records that another process appended: the file tells nobody of them."""


class SqliteLog:
    """Appends records. One for each thread or process; several may write to one file."""

    def __init__(self, path: Path) -> None:
        self._database = open_database(path)

    def append(self, records: Iterable[NewRecord], at: datetime) -> int:
        """Append all records, or none, as of this moment. Returns how many there were."""
        with transaction(self._database):
            return append_to(self._database, records, at)

    def prune(self, topics: Sequence[str], before: datetime) -> int:
        """Forget records of these topics that came before, as far as every group and the history have read it."""
        removed = 0
        with transaction(self._database):
            for topic in topics:
                removed += self._database.execute(
                    _PRUNE, {"topic": topic, "before": to_micros(before), "beyond": _BEYOND}
                ).rowcount
        return removed

    def compact(self, topic: str, before: datetime) -> int:
        """Forget records that a newer one of their key has replaced, and tombstones that came before."""
        with transaction(self._database):
            older = self._database.execute(_COMPACT, {"topic": topic}).rowcount
            return older + self._database.execute(_PRUNE_TOMBSTONES, (topic, to_micros(before))).rowcount

    def end(self, topic: str) -> int:
        """The offset that the topic's next record will have."""
        return _end(self._database, topic)

    def read(self, topic: str, offset: int = 0, limit: int = 1_000) -> list[Record]:
        """Records of a topic from this offset on, whatever any group has read."""
        with reading(self._database):
            return [record_in(topic, row) for row in self._database.execute(_READ, (topic, offset, limit))]

    def position(self, topic: str, group: str) -> int:
        """How far a group has read a topic: the offset of its next record."""
        return _committed(self._database, topic, group)

    def rewrite(self, topic: str, change: Callable[[Record], bytes | None], until: int) -> int:
        """Give the topic's records before the offset `until` other values; says how many were changed."""
        offset, changed = 0, 0
        while records := [one for one in self.read(topic, offset, _REWRITTEN_AT_ONCE) if one.offset < until]:
            values = ((change(one), one) for one in records)
            rows = [(value, topic, one.offset) for value, one in values if value != one.value]
            with transaction(self._database):
                self._database.executemany(_REWRITE, rows)
            changed += len(rows)
            offset = records[-1].offset + 1
        return changed

    def close(self) -> None:
        """Let go of the file."""
        self._database.close()


class SqliteConsumer:
    """Reads one topic as one group.

    The same file serves both its position and what it writes, so both change together.
    """

    def __init__(self, path: Path, topic: str, group: str, clock: Clock, stop: threading.Event | None = None) -> None:
        self._database = open_database(path)
        self._clock = clock
        self._topic = topic
        self._group = group
        self._stop = stop or threading.Event()
        self._position = self._committed()

    def poll(self, max_records: int, timeout: float) -> list[Record]:
        """See engine.ports.EventLog. Returns early, and empty, once the stop event is set."""
        waited = 0.0
        while True:
            with reading(self._database):
                rows = self._database.execute(_READ, (self._topic, self._position, max_records)).fetchall()
            if rows or waited >= timeout or self._stop.wait(min(LOOK_AGAIN, timeout)):
                break
            waited += LOOK_AGAIN
        records = [record_in(self._topic, row) for row in rows]
        if records:
            self._position = records[-1].offset + 1
        return records

    def commit(self, records: Sequence[Record] | None = None, outputs: Sequence[NewRecord] = ()) -> None:
        """See engine.ports.EventLog; `records` None: all that were polled."""
        position = records[-1].offset + 1 if records else self._position
        with transaction(self._database):
            append_to(self._database, outputs, self._clock.now())
            self._database.execute(_COMMIT, (self._group, self._topic, position))

    def rewind(self) -> None:
        """See engine.ports.EventLog."""
        self._position = self._committed()

    def partition_of(self, key: bytes) -> int:  # noqa: ARG002 - of the port
        """See engine.ports.EventLog: there is one."""
        return PARTITION

    def lag(self) -> int:
        """Records of the topic that the group has not committed."""
        return max(0, _end(self._database, self._topic) - self._committed())

    def close(self) -> None:
        """Let go of the file."""
        self._database.close()

    def _committed(self) -> int:
        return _committed(self._database, self._topic, self._group)


_READ = """
    SELECT offset, timestamp, key, value, headers FROM log_records
    WHERE topic = ? AND offset >= ? ORDER BY offset LIMIT ?
"""
_COMMITTED = "SELECT next_offset FROM log_positions WHERE group_id = ? AND topic = ?"
_COMMIT = """
    INSERT INTO log_positions (group_id, topic, next_offset) VALUES (?, ?, ?)
    ON CONFLICT (group_id, topic) DO UPDATE SET next_offset = excluded.next_offset
"""
_TAKE_OFFSETS = """
    INSERT INTO log_ends (topic, next_offset) VALUES (:topic, :count)
    ON CONFLICT (topic) DO UPDATE SET next_offset = next_offset + :count
    RETURNING next_offset
"""
_INSERT = "INSERT INTO log_records (topic, offset, timestamp, key, value, headers) VALUES (?, ?, ?, ?, ?, ?)"
_BEYOND: Final = 2**62
"""Beyond every offset: a topic that no group reads is pruned by age alone."""

_PRUNE = """
    DELETE FROM log_records WHERE topic = :topic AND timestamp < :before
    AND offset < COALESCE((
        SELECT MIN(next_offset) FROM (
            SELECT next_offset FROM log_positions WHERE topic = :topic
            UNION ALL SELECT next_offset FROM decision_positions WHERE topic = :topic
        )
    ), :beyond)
"""

_COMPACT = """
    DELETE FROM log_records WHERE topic = :topic AND offset NOT IN (
        SELECT MAX(offset) FROM log_records WHERE topic = :topic GROUP BY key
    )
"""


_REWRITE = "UPDATE log_records SET value = ? WHERE topic = ? AND offset = ?"
_REWRITTEN_AT_ONCE: Final = 500
_PRUNE_TOMBSTONES = "DELETE FROM log_records WHERE topic = ? AND value IS NULL AND timestamp < ?"


def _committed(database: sqlite3.Connection, topic: str, group: str) -> int:
    with reading(database):
        row = database.execute(_COMMITTED, (group, topic)).fetchone()
    return 0 if row is None else int(row[0])


def _end(database: sqlite3.Connection, topic: str) -> int:
    with reading(database):
        row = database.execute("SELECT next_offset FROM log_ends WHERE topic = ?", (topic,)).fetchone()
    return 0 if row is None else int(row[0])


def append_to(database: sqlite3.Connection, records: Iterable[NewRecord], at: datetime) -> int:
    """Append within the transaction that the connection is in. Returns how many records there were."""
    by_topic: dict[str, list[NewRecord]] = {}
    for record in records:
        by_topic.setdefault(record.topic, []).append(record)
    for topic, group in by_topic.items():
        # Offsets are never given twice, not even after pruning: the end is kept apart from the records.
        (end,) = database.execute(_TAKE_OFFSETS, {"topic": topic, "count": len(group)}).fetchone()
        rows = (
            (topic, end - len(group) + index, to_micros(at), record.key, record.value, _pack(record.headers))
            for index, record in enumerate(group)
        )
        database.executemany(_INSERT, rows)
    return sum(map(len, by_topic.values()))


def record_in(topic: str, row: tuple[int, int, bytes | None, bytes | None, bytes]) -> Record:
    """The record in a row of offset, timestamp, key, value and headers."""
    offset, timestamp, key, value, headers = row
    return Record(topic, PARTITION, offset, from_micros(timestamp), key, value, _unpack(headers))


_HEADERS = msgspec.msgpack.Decoder(tuple[tuple[str, bytes], ...])


def _pack(headers: Headers) -> bytes:
    return msgspec.msgpack.encode(headers)


def _unpack(packed: bytes) -> Headers:
    return _HEADERS.decode(packed)
