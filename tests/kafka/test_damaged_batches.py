"""Batches of every codec are read, and one that can't be decoded holds its partition up, by name, and no other."""

from __future__ import annotations

import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from kafka import KafkaProducer

from adapters.kafka import standing
from adapters.kafka.errors import DamagedBatchError, KafkaRefusedError
from adapters.kafka.event_log import KafkaEventLog
from adapters.kafka.lag_reader import LagReader
from adapters.kafka.passing_over import pass_over
from adapters.kafka.topic_reader import TopicReader
from schemas.log import NewRecord, Record
from schemas.topics import DEAD_LETTERS, DIRECTORY, TICKETS
from tests.faults.engines import until
from tests.kafka.members import GROUP, event_log, member, settings_of
from tests.support.brokers.cluster import Cluster
from tests.support.brokers.native import NativeBroker

pytestmark = pytest.mark.kafka
CODECS = ["gzip", "snappy", "lz4", "zstd"]
LARGE = {"max_request_size": 8_388_608, "batch_size": 4_194_304}
MARK = b"a text that is found again in the file"


def append_compressed(cluster: Cluster, codec: str | None, values: list[bytes], partition: int = 0) -> None:
    producer = KafkaProducer(bootstrap_servers=cluster.bootstrap, compression_type=codec, linger_ms=50, **LARGE)
    for value in values:
        producer.send(cluster.prefix + TICKETS, value, partition=partition)
    producer.close()


def polled(log: KafkaEventLog, wanted: int, commit: bool = True) -> list[Record]:
    found: list[Record] = []
    deadline = time.monotonic() + 30
    while len(found) < wanted:
        assert time.monotonic() < deadline, f"{len(found)} of {wanted} came"
        records = log.poll(100, 0.5)
        found += records
        if records and commit:
            log.commit(records, [])
    return found


@pytest.mark.parametrize("codec", CODECS)
def test_batches_of_each_codec_stand_between_plain_ones_and_all_are_read(cluster: Cluster, codec: str) -> None:
    cluster.create(TICKETS, partitions=2, configs={"max.message.bytes": "4194304"})
    large = b"x" * 1_500_000
    append_compressed(cluster, None, [b"before"])
    append_compressed(cluster, codec, [b"one", b"two", large])
    append_compressed(cluster, None, [b"after"])
    append_compressed(cluster, codec, [b"other"], partition=1)
    with event_log(cluster, member()) as log:
        values = [record.value for record in polled(log, 6)]
    assert sorted(value or b"" for value in values) == sorted([b"before", b"one", b"two", large, b"after", b"other"])


def damage(folder: Path, topic: str, partition: int, mark: bytes) -> None:
    """Change one byte on the broker's disk, as a bad disk does: the checksum of its batch is wrong from then on."""
    [segment] = (folder / "data" / f"{topic}-{partition}").glob("*.log")
    content = bytearray(segment.read_bytes())
    place = content.index(mark)
    content[place] ^= 0xFF
    with segment.open("r+b") as file:
        file.seek(place)
        file.write(content[place : place + 1])


@pytest.fixture
def own(tmp_path: Path) -> Any:
    """A broker of one test, whose files may be damaged."""
    broker = NativeBroker(tmp_path)
    broker.start()
    try:
        with Cluster(broker.bootstrap) as cluster:
            yield tmp_path, cluster
    finally:
        broker.kill()


def damaged(own: tuple[Path, Cluster]) -> Cluster:
    """Partition 0 has a good batch, a damaged one of three records from offset 1 on, and a good one."""
    folder, cluster = own
    cluster.create(TICKETS, partitions=2)
    cluster.create(DEAD_LETTERS)
    append_compressed(cluster, None, [b"before"])
    append_compressed(cluster, None, [b"first", MARK, b"third"])
    append_compressed(cluster, None, [b"after"])
    append_compressed(cluster, None, [b"other"], partition=1)
    damage(folder, cluster.prefix + TICKETS, 0, MARK)
    return cluster


def void(_: object) -> None:
    pass


def test_a_damaged_batch_is_named_within_seconds_and_its_partition_alone_stands(own: Any) -> None:
    cluster = damaged(own)
    started = time.monotonic()
    with event_log(cluster, member()) as log:
        values = {record.value for record in polled(log, 2)}
        until(lambda: bool(log.damaged), 20, lambda: void(log.poll(10, 0.2)))
        [batch] = log.damaged
        assert time.monotonic() - started < 15
        assert (batch.topic, batch.partition, batch.first, batch.last) == (cluster.prefix + TICKETS, 0, 1, 3)
        assert "crc" in batch.why
        append_compressed(cluster, None, [b"later"], partition=1)
        values |= {record.value for record in polled(log, 1)}
    assert values == {b"before", b"other", b"later"}, "nothing behind it is decided before it"
    assert cluster.committed(GROUP, TICKETS)[0] <= 2


def test_once_the_position_is_moved_behind_it_the_partition_goes_on(own: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(standing, "LOOK_EVERY", 0.2)
    cluster = damaged(own)
    with event_log(cluster, member()) as log:
        polled(log, 2)
        until(lambda: bool(log.damaged), 20, lambda: void(log.poll(10, 0.2)))
        passed = pass_over(settings_of(cluster), GROUP, TICKETS, 0, 1)
        assert (passed.batch.last, passed.records) == (3, 3)
        assert [record.value for record in polled(log, 1)] == [b"after"]
        assert log.damaged == []
    letters = cluster.read(DEAD_LETTERS)
    assert [letter.value for letter in letters][::2] == [b"first", b"third"]
    assert {dict(letter.headers)["dead_letter.code"] for letter in letters} == {b"damaged_batch"}


def test_what_is_whole_is_not_passed_over(own: Any) -> None:
    cluster = damaged(own)
    with pytest.raises(KafkaRefusedError, match="nothing is wrong there"):
        pass_over(settings_of(cluster), GROUP, TICKETS, 0, 0)


def test_who_reads_to_the_end_says_which_batch_is_in_the_way(own: Any) -> None:
    folder, cluster = own
    cluster.create(DIRECTORY)
    cluster.append([NewRecord(DIRECTORY, b"contract/C-7", MARK)])
    damage(folder, cluster.prefix + DIRECTORY, 0, MARK)
    with closing(TopicReader(settings_of(cluster), [DIRECTORY])) as reader, pytest.raises(DamagedBatchError) as named:
        list(reader.read_to_end())
    assert f"{cluster.prefix}{DIRECTORY}, partition 0, offset 0" in str(named.value)


def test_the_lag_is_known_all_the_same(own: Any) -> None:
    cluster = damaged(own)
    with event_log(cluster, member()) as log, closing(LagReader(settings_of(cluster), GROUP, TICKETS)) as lag:
        polled(log, 2)
        # A commit that is answered may not count yet: Kafka writes its mark a moment later.
        until(lambda: lag.read()[0][1].records == 0, 20, lambda: void(log.poll(10, 0.2)))
        readings, _ = lag.read()
    assert readings[0].records >= 4
