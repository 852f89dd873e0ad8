"""What a test sees of a cluster: topics of its own, and readers that share no code with what is tested."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import MemberToRemove
from kafka.errors import CoordinatorLoadInProgressError, CoordinatorNotAvailableError

from schemas.log import NewRecord, Record

READ_WITHIN = 60.0


class Cluster:
    """A cluster under a prefix of topic names; without one that is given, under one that no other test has."""

    def __init__(self, bootstrap: str, prefix: str | None = None) -> None:
        self.bootstrap = bootstrap
        self.prefix = prefix or f"t{uuid.uuid4().hex[:8]}."
        self._producer: Any = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._producer is not None:
            self._producer.close(timeout=5)

    def create(self, *topics: str, partitions: int = 1, configs: Mapping[str, str] | None = None) -> None:
        """Create topics, and wait until each partition has a leader."""
        wanted = {
            self.prefix + topic: {"num_partitions": partitions, "replication_factor": 1, "configs": dict(configs or {})}
            for topic in topics
        }
        with self.admin() as admin:
            admin.create_topics(wanted, wait_for_metadata=True)

    @contextmanager
    def admin(self) -> Iterator[Any]:
        """A client of its own for each use: one that lived through a broker's end is slow to find it again."""
        client = KafkaAdminClient(bootstrap_servers=self.bootstrap)
        try:
            yield client
        finally:
            client.close()

    def append(self, records: Iterable[NewRecord], partition: int | None = None) -> None:
        """Append records, each at once and not in a transaction."""
        if self._producer is None:
            self._producer = KafkaProducer(bootstrap_servers=self.bootstrap, acks="all", max_request_size=8_388_608)
        sent = [
            self._producer.send(self.prefix + one.topic, one.value, one.key, list(one.headers), partition=partition)
            for one in records
        ]
        for future in sent:
            future.get(READ_WITHIN)

    @contextmanager
    def aborted(self, records: Iterable[NewRecord]) -> Iterator[None]:
        """Append records in a transaction that is open within the block, and is aborted then."""
        name = self.prefix + uuid.uuid4().hex
        producer = KafkaProducer(bootstrap_servers=self.bootstrap, transactional_id=name)
        try:
            producer.init_transactions()
            producer.begin_transaction()
            for one in records:
                producer.send(self.prefix + one.topic, one.value, one.key, list(one.headers))
            producer.flush()
            yield
            producer.abort_transaction()
        finally:
            producer.close(timeout=5)

    def throw_out(self, group: str, instance: str) -> None:
        """Remove a static member from its group, as happens when its session has ended."""
        with self.admin() as admin:
            admin.remove_group_members(self.prefix + group, [MemberToRemove(group_instance_id=instance)])

    def members(self, group: str) -> dict[str, set[int]]:
        """Each member of the group and its partitions; {} while that is not settled.

        By its instance, or by its id in the group where it is no static member.
        """
        with self.admin() as admin:
            try:
                described = admin.describe_groups([self.prefix + group])[self.prefix + group]
            except (CoordinatorNotAvailableError, CoordinatorLoadInProgressError):
                return {}
        if described["group_state"] != "Stable":
            return {}
        found: dict[str, set[int]] = {}
        for member in described["members"]:
            assigned = (member["member_assignment"] or {}).get("assigned_partitions", ())
            found[member["group_instance_id"] or member["member_id"]] = {
                number for one in assigned for number in one["partitions"]
            }
        return found

    def read(self, topic: str, committed: bool = True, settled: bool = True) -> list[Record]:
        """All records of a topic, partition by partition; also those of transactions that were aborted, or are open.

        An open transaction holds back what was committed behind it: `settled` waits for its end.
        """
        with self._consumer("read_committed" if committed else "read_uncommitted") as consumer:
            partitions = [TopicPartition(self.prefix + topic, one) for one in self._partitions(topic)]
            ends = self.ends(topic) if settled else None
            records = self._read(consumer, partitions, ends)
            return sorted(records, key=lambda record: (record.partition, record.offset))

    @contextmanager
    def _consumer(self, level: str) -> Iterator[Any]:
        consumer = KafkaConsumer(
            bootstrap_servers=self.bootstrap,
            isolation_level=level,
            auto_offset_reset="earliest",
            enable_auto_commit=False,
            max_partition_fetch_bytes=8_388_608,
        )
        try:
            yield consumer
        finally:
            consumer.close()

    def _read(self, consumer: Any, partitions: list[Any], ends: Mapping[int, int] | None) -> Iterator[Record]:
        consumer.assign(partitions)
        if ends is None:
            ends = {one.partition: end for one, end in consumer.end_offsets(partitions).items()}
        deadline = time.monotonic() + READ_WITHIN
        while any(consumer.position(one) < ends[one.partition] for one in partitions):
            assert time.monotonic() < deadline, f"{partitions} could not be read to their ends"
            for found in consumer.poll(timeout_ms=100, max_records=10_000).values():
                yield from (self._record(one) for one in found)

    def committed(self, group: str, topic: str) -> dict[int, int]:
        """The group's position in each partition that has one."""
        with self.admin() as admin:
            offsets = admin.list_group_offsets({self.prefix + group: None})[self.prefix + group]
        return {one.partition: value.offset for one, value in offsets.items() if one.topic == self.prefix + topic}

    def ends(self, topic: str) -> dict[int, int]:
        """The offset behind the last record of each partition, be it of an open transaction."""
        with self._consumer("read_uncommitted") as consumer:
            wanted = [TopicPartition(self.prefix + topic, one) for one in self._partitions(topic)]
            return {one.partition: offset for one, offset in consumer.end_offsets(wanted).items()}

    def _partitions(self, topic: str) -> list[int]:
        with self.admin() as admin:
            (described,) = admin.describe_topics([self.prefix + topic])
        return sorted(one["partition_index"] for one in described["partitions"])

    def _record(self, found: Any) -> Record:
        return Record(
            topic=found.topic.removeprefix(self.prefix),
            partition=found.partition,
            offset=found.offset,
            timestamp=datetime.fromtimestamp(found.timestamp / 1000, UTC),
            key=found.key,
            value=found.value,
            headers=tuple(found.headers),
        )
