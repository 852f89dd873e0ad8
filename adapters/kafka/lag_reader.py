"""The lag of a group, asked of the brokers from outside. The group need not be running."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from kafka import KafkaAdminClient, TopicPartition, errors
from kafka.admin import OffsetSpec
from msgspec import Struct

from adapters.kafka.consumers import lone_consumer, no_such_topic
from adapters.kafka.errors import DamagedBatchError, named_errors
from adapters.kafka.settings import RECORD_BYTES, KafkaSettings, millis
from schemas.lag import PartitionReading

LOOK_SECONDS: Final = 2.0
"""How long one look for the oldest waiting records may take. What it has not found by then stays unknown."""

COORDINATOR_SECONDS: Final = 10.0
"""How long to look for a group's coordinator. A new cluster first has to create its topic of offsets."""

PAUSE_SECONDS: Final = 0.2

ANSWER_WITHIN: Final = timedelta(seconds=5)
"""Limit for one answer of a broker. With the client's default, a hanging broker would block for half a minute."""
OPEN_WITHIN: Final = timedelta(seconds=8)
"""How long the first connection to the cluster may take. A command that asks for the lag takes a moment more."""


class Oldest(Struct, frozen=True):
    """The first waiting record of a partition.

    `came` is the record's timestamp if `is_sure`. Otherwise it is when the record was first looked for in vain.
    """

    offset: int
    came: datetime
    is_sure: bool = False


class LagReader:
    """Reads the lag of one group on one topic, and joins no group itself. It belongs to one thread."""

    def __init__(
        self, settings: KafkaSettings, group: str, topic: str, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._now = now
        self._group = settings.real(group)
        self._topic = settings.real(topic)
        self._name = topic
        self._oldest: dict[int, Oldest] = {}
        with named_errors("opening a reader of the lag"):
            self._admin: Any = KafkaAdminClient(**_patient(settings))
            try:
                self._consumer = lone_consumer(settings, **_peeking(settings))
            except BaseException:
                self._admin.close()
                raise

    def read(self) -> tuple[list[PartitionReading], list[str]]:
        """A reading of each partition, and the names of the group's members.

        Raises KafkaUnavailableError and KafkaRefusedError.
        """
        with named_errors("reading the lag"):
            partitions = self._partitions()
            owners, members = self._owners()
            # Ask for the commits before the ends. A record committed in between then counts as waiting in this reading,
            # but no waiting record is ever left out.
            committed = self._committed(partitions)
            starts, ends = (self._offsets(partitions, spec) for spec in (OffsetSpec.EARLIEST, OffsetSpec.LATEST))
            # A group begins at the start if it has no commit (auto_offset_reset), or if the log has deleted that place.
            from_here = {one: max(committed[one] or 0, starts[one]) for one in partitions}
            drained = self._look_for_oldest({one: first for one, first in from_here.items() if first < ends[one]})
            at = self._now()
        return [
            PartitionReading(
                topic=self._name,
                partition=one,
                at=at,
                committed=committed[one],
                start=starts[one],
                end=ends[one],
                oldest=self._oldest[one].came if one in self._oldest and one not in drained else None,
                is_drained=one in drained,
                owner=owners.get(one),
            )
            for one in partitions
        ], members

    def close(self) -> None:
        """Close the connections."""
        self._consumer.close()
        self._admin.close()

    def _partitions(self) -> list[int]:
        [topic] = self._admin.describe_topics([self._topic])
        found = sorted(one["partition_index"] for one in topic["partitions"])
        if not found:
            raise no_such_topic(self._topic)
        return found

    def _owners(self) -> tuple[dict[int, str], list[str]]:
        """The owner of each partition, and all members: by instance id, or by client id if there is none."""
        described = self._described()
        owners: dict[int, str] = {}
        names = []
        for member in described["members"]:
            name = member["group_instance_id"] or member["client_id"]
            names.append(name)
            for assigned in (member["member_assignment"] or {}).get("assigned_partitions", ()):
                if assigned["topic"] == self._topic:
                    owners |= dict.fromkeys(assigned["partitions"], name)
        return owners, names

    def _described(self) -> Any:
        """The group's description; an unknown group has no members. Waits for a coordinator that is not there yet."""
        deadline = time.monotonic() + COORDINATOR_SECONDS
        while True:
            try:
                return self._admin.describe_groups([self._group])[self._group]
            except (errors.CoordinatorNotAvailableError, errors.CoordinatorLoadInProgressError):
                if time.monotonic() > deadline:
                    raise
                time.sleep(PAUSE_SECONDS)

    def _committed(self, partitions: Sequence[int]) -> dict[int, int | None]:
        asked = [self._real(one) for one in partitions]
        found = self._admin.list_group_offsets({self._group: asked})[self._group]
        # Kafka answers -1 for a partition that the group has never committed.
        offsets = {one: found[self._real(one)].offset if self._real(one) in found else -1 for one in partitions}
        return {one: offset if offset >= 0 else None for one, offset in offsets.items()}

    def _offsets(self, partitions: Sequence[int], spec: Any) -> dict[int, int]:
        found = self._admin.list_partition_offsets({self._real(one): spec for one in partitions})
        return {one: found[self._real(one)].offset for one in partitions}

    def _look_for_oldest(self, firsts: Mapping[int, int]) -> set[int]:
        """Find out when the first waiting record of each partition came. Returns partitions where none waits after all.

        A record that was found is not read again. One that can't be read, because of an outage or an open transaction,
        waits since the first look for it.
        """
        now = self._now()
        self._oldest = {
            one: self._oldest[one] if one in self._oldest and self._oldest[one].offset == first else Oldest(first, now)
            for one, first in firsts.items()
        }
        found, drained = self._peek({one: first for one, first in firsts.items() if not self._oldest[one].is_sure})
        for one, came in found.items():
            self._oldest[one] = Oldest(firsts[one], came, is_sure=True)
        return drained

    def _peek(self, firsts: Mapping[int, int]) -> tuple[dict[int, datetime], set[int]]:
        """When the first record from each of these offsets on came, and the partitions that have none up to their end.

        Behind a committed offset there may be marks of transactions alone: these are offsets, but no records.
        """
        if not firsts:
            return {}, set()
        found: dict[int, datetime] = {}
        drained: set[int] = set()
        ends = self._offsets([*firsts], OffsetSpec.LATEST)
        wanted = [self._real(one) for one in firsts]
        self._consumer.assign(wanted)
        # kafka-python keeps partitions paused over `assign`, so those of an earlier look would give nothing.
        self._consumer.resume(*wanted)
        for one, offset in firsts.items():
            self._consumer.seek(self._real(one), offset)
        deadline = time.monotonic() + LOOK_SECONDS
        while len(found) + len(drained) < len(firsts) and time.monotonic() < deadline:
            for real, records in self._polled(len(firsts)).items():
                found.setdefault(real.partition, datetime.fromtimestamp(records[0].timestamp / 1000, UTC))
            drained = {one for one in firsts if one not in found and self._position(one) >= ends[one]}
            self._consumer.pause(*(self._real(one) for one in (*found, *drained)))
        return found, drained

    def _polled(self, most: int) -> Mapping[Any, Sequence[Any]]:
        try:
            polled: Mapping[Any, Sequence[Any]] = self._consumer.poll(timeout_ms=100, max_records=most)
        except DamagedBatchError as error:
            # The record in this batch stays unknown, and waits since the first look. Go on with the other partitions.
            self._consumer.pause(self._real(error.batch.partition))
            return {}
        return polled

    def _position(self, partition: int) -> int:
        return int(self._consumer.position(self._real(partition), timeout_ms=1_000) or 0)

    def _real(self, partition: int) -> Any:
        return TopicPartition(self._topic, partition)


def _patient(settings: KafkaSettings) -> dict[str, Any]:
    return settings.client() | {
        "request_timeout_ms": millis(ANSWER_WITHIN),
        "bootstrap_timeout_ms": millis(OPEN_WITHIN),
    }


def _peeking(settings: KafkaSettings) -> dict[str, Any]:
    return _patient(settings) | {
        "auto_offset_reset": "earliest",
        # Only the first record is wanted, so ask for little: a broker sends at least one batch, however large.
        "max_partition_fetch_bytes": RECORD_BYTES // 128,
    }
