"""What every event log promises; run on each adapter."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from adapters.sqlite.database import DatabaseError
from adapters.sqlite.event_log import SqliteConsumer, SqliteLog
from schemas.log import NewRecord, Record

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
TOPIC = "helpdesk.tickets"
OUT = "tocsin.jobs"


class StillClock:
    def now(self) -> datetime:
        return AT


class SqliteWorld:
    """The log in a file: processes are connections to it."""

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

    def close(self) -> None:
        for one in self._open:
            one.close()


def values(records: list[Record]) -> list[bytes | None]:
    return [record.value for record in records]


class TestEventLog:
    """One class for all adapters."""

    @pytest.fixture(params=[SqliteWorld])
    def world(self, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SqliteWorld]:
        world = request.param(tmp_path)
        yield world
        world.close()

    def test_records_come_whole_and_in_order(self, world: SqliteWorld) -> None:
        world.append(b"one", None, b"\xff\x00")
        first, second, third = world.consumer().poll(10, 0)
        assert (first.topic, first.key, first.value, first.headers) == (TOPIC, b"T-1", b"one", (("h", b"1"),))
        assert (second.value, third.value) == (None, b"\xff\x00")
        assert [first.offset, second.offset, third.offset] == [0, 1, 2]
        assert first.timestamp == AT

    def test_a_poll_goes_on_where_the_last_ended(self, world: SqliteWorld) -> None:
        world.append(*[bytes([n]) for n in range(5)])
        consumer = world.consumer()
        assert [len(consumer.poll(2, 0)) for _ in range(4)] == [2, 2, 1, 0]

    def test_what_was_not_committed_is_read_again_by_the_next_process(self, world: SqliteWorld) -> None:
        world.append(b"one", b"two")
        world.consumer().poll(10, 0)
        again = world.consumer()
        records = again.poll(10, 0)
        again.commit(records[:1], [])
        assert values(records) == [b"one", b"two"]
        assert values(world.consumer().poll(10, 0)) == [b"two"]

    def test_rewind_goes_back_to_the_last_commit(self, world: SqliteWorld) -> None:
        world.append(b"one", b"two")
        consumer = world.consumer()
        consumer.commit(consumer.poll(1, 0), [])
        consumer.poll(1, 0)
        consumer.rewind()
        assert values(consumer.poll(10, 0)) == [b"two"]

    def test_outputs_and_position_change_together(self, world: SqliteWorld) -> None:
        world.append(b"one")
        consumer = world.consumer()
        consumer.commit(consumer.poll(1, 0), [NewRecord(OUT, b"k", b"job"), NewRecord("other", None, b"x")])
        assert (world.written(), world.written("other"), consumer.lag()) == ([b"job"], [b"x"], 0)

    def test_a_commit_that_fails_leaves_nothing(self, world: SqliteWorld) -> None:
        world.append(b"one")
        consumer = world.consumer()
        records = consumer.poll(1, 0)
        with pytest.raises(Exception):  # noqa: B017, PT011 - each adapter has its own error for what is no bytes
            consumer.commit(records, [NewRecord(OUT, b"k", b"job"), NewRecord(OUT, b"k", object())])  # type: ignore[arg-type]
        assert (world.written(), world.consumer().lag()) == ([], 1)

    def test_groups_read_independently(self, world: SqliteWorld) -> None:
        world.append(b"one")
        first = world.consumer("first")
        first.commit(first.poll(1, 0), [])
        assert values(world.consumer("second").poll(1, 0)) == [b"one"]

    def test_a_poll_waits_for_a_record_of_another_process(self, world: SqliteWorld) -> None:
        consumer = world.consumer()
        writer = threading.Timer(0.1, lambda: world.append(b"late"))
        writer.start()
        assert values(consumer.poll(1, 10)) == [b"late"]
        writer.join()


def test_pruning_keeps_what_a_group_has_not_read_and_never_gives_an_offset_twice(tmp_path: Path) -> None:
    world = SqliteWorld(tmp_path)
    world.append(b"one", b"two", b"three")
    slow, fast = world.consumer("slow"), world.consumer("fast")
    fast.commit(fast.poll(3, 0), [])
    slow.commit(slow.poll(1, 0), [])
    later = AT + timedelta(days=8)
    assert world.log.prune([TOPIC], AT) == 0
    assert world.log.prune([TOPIC], later) == 1
    slow.commit(slow.poll(2, 0), [])
    assert world.log.prune([TOPIC], later) == 2
    world.append(b"four")
    assert [record.offset for record in slow.poll(10, 0)] == [3]
    world.close()


def test_a_file_that_is_no_log_is_named(tmp_path: Path) -> None:
    (tmp_path / "log.db").write_bytes(b"x" * 8192)
    with pytest.raises(DatabaseError, match=r"log\.db"):
        SqliteLog(tmp_path / "log.db")
