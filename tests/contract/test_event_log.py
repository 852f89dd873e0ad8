"""What every event log promises; run on each adapter."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from adapters.sqlite.database import DatabaseError
from adapters.sqlite.event_log import SqliteLog
from schemas.log import NewRecord
from tests.contract.event_log_worlds import AT, OTHER, OUT, TOPIC, KafkaWorld, SqliteWorld, World, polled, values


class TestEventLog:
    """One class for all adapters."""

    @pytest.fixture(params=["sqlite", pytest.param("kafka", marks=pytest.mark.kafka)])
    def world(self, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
        kafka = request.param == "kafka"
        world: World = KafkaWorld(request.getfixturevalue("cluster")) if kafka else SqliteWorld(tmp_path)
        yield world
        world.close()

    def test_records_come_whole_and_in_order(self, world: World) -> None:
        world.append(b"one", None, b"\xff\x00")
        first, second, third = polled(world.consumer(), 3, world.patience)
        assert (first.topic, first.key, first.value, first.headers) == (TOPIC, b"T-1", b"one", (("h", b"1"),))
        assert (second.value, third.value) == (None, b"\xff\x00")
        assert [first.partition, second.partition, third.partition] == [0, 0, 0]
        assert [first.offset, second.offset, third.offset] == [0, 1, 2]

    def test_records_stand_where_it_says_that_their_key_belongs(self, world: World) -> None:
        world.append(b"one")
        consumer = world.consumer()
        (record,) = polled(consumer, 1, world.patience)
        assert consumer.partition_of(record.key or b"") == record.partition

    def test_records_are_stamped_in_utc_with_when_they_came(self, world: World) -> None:
        world.append(b"one")
        (record,) = polled(world.consumer(), 1, world.patience)
        assert record.timestamp.utcoffset() == timedelta(0)
        assert timedelta(0) <= world.now() - record.timestamp < timedelta(seconds=60)

    def test_a_poll_goes_on_where_the_last_ended(self, world: World) -> None:
        world.append(*[bytes([n]) for n in range(5)])
        consumer = world.consumer()
        records = polled(consumer, 5, world.patience, most=2)
        assert values(records) == [b"\x00", b"\x01", b"\x02", b"\x03", b"\x04"]
        assert consumer.poll(2, 0) == []

    def test_a_poll_brings_no_more_than_was_asked_for(self, world: World) -> None:
        world.append(*[bytes([n]) for n in range(5)])
        assert len(world.consumer().poll(2, world.patience)) == 2

    def test_what_was_not_committed_is_read_again_by_the_next_process(self, world: World) -> None:
        world.append(b"one", b"two")
        polled(world.consumer(), 2, world.patience)
        again = world.consumer()
        records = polled(again, 2, world.patience)
        again.commit(records[:1], [])
        assert values(records) == [b"one", b"two"]
        assert values(polled(world.consumer(), 1, world.patience)) == [b"two"]

    def test_one_poll_may_be_committed_in_several_parts(self, world: World) -> None:
        world.append(b"one", b"two", b"three")
        consumer = world.consumer()
        records = polled(consumer, 3, world.patience)
        for part in (records[:2], records[2:]):
            consumer.commit(part, [NewRecord(OUT, b"k", part[-1].value)])
        assert (world.written(), world.left()) == ([b"two", b"three"], 0)

    def test_rewind_goes_back_to_the_last_commit(self, world: World) -> None:
        world.append(b"one", b"two")
        consumer = world.consumer()
        consumer.commit(polled(consumer, 1, world.patience, most=1), [])
        polled(consumer, 1, world.patience, most=1)
        consumer.rewind()
        assert values(polled(consumer, 1, world.patience)) == [b"two"]

    def test_rewind_goes_back_to_the_start_where_nothing_was_committed(self, world: World) -> None:
        world.append(b"one", b"two")
        consumer = world.consumer()
        polled(consumer, 2, world.patience)
        consumer.rewind()
        assert values(polled(consumer, 2, world.patience)) == [b"one", b"two"]

    def test_outputs_and_position_change_together(self, world: World) -> None:
        world.append(b"one")
        consumer = world.consumer()
        outputs = [NewRecord(OUT, b"k", b"job"), NewRecord(OTHER, None, b"x")]
        consumer.commit(polled(consumer, 1, world.patience), outputs)
        assert (world.written(), world.written(OTHER), world.left()) == ([b"job"], [b"x"], 0)

    def test_outputs_keep_their_order(self, world: World) -> None:
        world.append(b"one", b"two")
        consumer = world.consumer()
        records = polled(consumer, 2, world.patience)
        for record in records:
            consumer.commit([record], [NewRecord(OUT, b"T-1", b"%d" % number) for number in range(50)])
        assert world.written() == [b"%d" % number for number in range(50)] * 2

    def test_a_commit_that_fails_leaves_nothing(self, world: World) -> None:
        world.append(b"one")
        consumer = world.consumer()
        records = polled(consumer, 1, world.patience)
        with pytest.raises(Exception):  # noqa: B017, PT011 - each adapter has its own error for what is no bytes
            consumer.commit(records, [NewRecord(OUT, b"k", b"job"), NewRecord(OUT, b"k", object())])  # type: ignore[arg-type]
        assert (world.written(), world.left()) == ([], 1)

    def test_after_a_commit_that_failed_the_same_process_goes_on(self, world: World) -> None:
        world.append(b"one")
        consumer = world.consumer()
        with pytest.raises(Exception):  # noqa: B017, PT011 - as above
            consumer.commit(polled(consumer, 1, world.patience), [NewRecord(OUT, b"k", object())])  # type: ignore[arg-type]
        consumer.rewind()
        consumer.commit(polled(consumer, 1, world.patience), [NewRecord(OUT, b"k", b"job")])
        assert (world.written(), world.left()) == ([b"job"], 0)

    def test_groups_read_independently(self, world: World) -> None:
        world.append(b"one")
        first = world.consumer("first")
        first.commit(polled(first, 1, world.patience), [])
        assert values(polled(world.consumer("second"), 1, world.patience)) == [b"one"]

    def test_a_poll_waits_for_a_record_of_another_process(self, world: World) -> None:
        consumer = world.consumer()
        assert list(consumer.poll(1, 1)) == []
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
