"""Reads one topic as a member of a group. After a rebalance or an error it continues at the committed offsets."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any, Final

import structlog
from kafka import KafkaAdminClient, KafkaConsumer
from kafka.admin import MemberToRemove
from kafka.coordinator.assignors.cooperative_sticky import CooperativeStickyAssignor
from kafka.errors import KafkaTimeoutError, NoError, UnknownMemberIdError
from kafka.structs import MemberState

from adapters.kafka.batches import name_damaged_batches
from adapters.kafka.errors import (
    DamagedBatch,
    DamagedBatchError,
    InstanceTakenError,
    KafkaRefusedError,
    KafkaUnavailableError,
    named_errors,
)
from adapters.kafka.fencing import Fencing
from adapters.kafka.lost_joins import LostJoins
from adapters.kafka.rebalances import NO_GENERATION, Rebalances
from adapters.kafka.records import flattened
from adapters.kafka.settings import RECORD_BYTES, KafkaSettings, Membership, millis
from adapters.kafka.standing import StandingPartitions
from schemas.log import Record

log = structlog.get_logger()

FETCH_BYTES: Final = 16_777_216
"""Bytes of records in one fetch response at most: this bounds the memory that a poll of large records takes."""
LOOK_AGAIN: Final = timedelta(seconds=30)
"""After this time a member notices new partitions. Until then no member has them, and their records wait."""
SETTLE_MS: Final = 5_000
"""Limit for one request for committed offsets. The broker answers only when an open transaction has ended."""
JOIN_PATIENCE: Final = 5.0
"""How many seconds a poll goes on beyond its timeout while this member joins a new generation."""
POLL_LIMIT: Final = timedelta(minutes=5)
"""A member that does not poll for this long loses its partitions. To decide a batch takes a fraction of it."""
MOMENT: Final = 0.1
"""Seconds of one call to the client while a poll goes on beyond its timeout."""
HEARTBEAT: Final = timedelta(milliseconds=500)
"""Time between two heartbeats. Their answers also tell a member of a rebalance, and partitions move only after that."""

_GONE: Final = (NoError, UnknownMemberIdError)
"""Answers to a request to leave that mean: the member is not in the group any more."""


class GroupReader:
    """A static member of a group (it has a group.instance.id). It belongs to one thread."""

    def __init__(self, settings: KafkaSettings, membership: Membership, topic: str) -> None:
        self._settings = settings
        self._membership = membership
        self._topic = settings.real(topic)
        with named_errors("joining the group"):
            self._consumer = KafkaConsumer(**self._config())
            self._consumer.subscribe([self._topic])
        name_damaged_batches(self._consumer)
        self._standing = StandingPartitions(self._consumer)
        self._fencing = Fencing(self._consumer)
        self._lost_joins = LostJoins(self._consumer, membership.group)
        self._generation: tuple[int, str] | None = None
        self._rewound = False
        self._rebalances = Rebalances(membership.group)
        self.rewinds = 0
        """How often it went back to the committed offsets. Records from before may come again, here or elsewhere."""
        self.group: Any = None
        """The group's metadata, taken right after the last poll whose records count."""
        self.partitions: list[int] = []
        """All partitions of the topic, as known at the last poll that gave records."""

    @property
    def generations(self) -> int:
        """How many generations of the group this member has been in. Many in a short time: the group is unstable."""
        return self._rebalances.count

    @property
    def has_joined(self) -> bool:
        """Whether this is a member of the group, or is joining again and its session has not ended yet."""
        if self._generation is None or self._generation[0] == NO_GENERATION:
            return False
        return self._rebalances.lasts() < self._membership.session.total_seconds()

    def poll(self, max_records: int, timeout: float) -> list[Record]:
        """The next records; an empty list if none came within `timeout` seconds.

        During a rebalance it takes up to JOIN_PATIENCE longer. kafka-python 3.0.12 loses the answer to a join request
        that arrives while nobody polls, and sends a new request. Then all members have to join again, so that a group
        whose members do something else between their polls never settles.

        Raises InstanceTakenError, KafkaRefusedError and KafkaUnavailableError.
        """
        deadline = time.monotonic() + timeout
        with named_errors("polling"):
            while True:
                self._settle()
                self._look_at_standing()
                left = deadline - time.monotonic()
                records = self._poll_once(max_records, max(MOMENT if self._is_joining else 0.0, left))
                if records or left <= (-JOIN_PATIENCE if self._is_joining else 0.0):
                    return records

    def rewind(self) -> None:
        """Go on from the committed offsets, whoever committed them.

        The next poll does it: this call needs no broker, and so works during an outage too.
        """
        self._rewound = True
        self.rewinds += 1

    def commit(self, offsets: dict[Any, Any]) -> None:
        """Commit offsets outside of a transaction."""
        self._consumer.commit(offsets, timeout_ms=millis(self._membership.session))

    def close(self, for_good: bool = False) -> None:
        """Close the connections.

        The group keeps this member's partitions until its session ends. With `for_good` the member leaves, so that the
        others get them at once. If Kafka does not confirm that within SETTLE_MS, the log says so, and the session runs
        out as usual.
        """
        member = self._consumer.group_metadata().member_id
        self._consumer.close(autocommit=False, timeout_ms=SETTLE_MS)
        if for_good:
            # Leave only after the consumer is closed: one that is still open would join again.
            # The consumer itself can't do it, since a static member never leaves by closing.
            try:
                with named_errors("leaving the group"):
                    self._leave(member)
            except (InstanceTakenError, KafkaRefusedError, KafkaUnavailableError) as error:
                log.warning("not_left", group=self._membership.group, error=type(error).__name__, said=str(error))

    def _leave(self, member: str) -> None:
        """Remove the member with this id. A process that took over its instance has another member id, and stays."""
        within = {"bootstrap_timeout_ms": SETTLE_MS, "request_timeout_ms": SETTLE_MS}
        client = KafkaAdminClient(**self._settings.client() | within)
        try:
            one = MemberToRemove(member or None, self._membership.instance)
            answers = client.remove_group_members(self._settings.real(self._membership.group), [one])
        finally:
            client.close()
        for answer in answers.values():
            if answer not in _GONE:
                raise answer

    def _poll_once(self, max_records: int, timeout: float) -> list[Record]:
        try:
            polled = self._consumer.poll(timeout_ms=int(timeout * 1000), max_records=max_records)
        except DamagedBatchError as error:
            self._standing.stand(error.batch)
            return []
        # Take the metadata now, not at the commit. A member that was thrown out and has joined again would otherwise
        # commit its old records in the new generation, though another member may have decided them: all count twice.
        group = self._consumer.group_metadata()
        if group.generation_id == NO_GENERATION or self._generation != (group.generation_id, group.member_id):
            # Between two generations another member may have had a partition, and committed more of it.
            self._generation = (group.generation_id, group.member_id)
            self.rewind()
        self._rebalances.see(group, self._consumer.assignment)
        self._fencing.check()
        self._lost_joins.look()
        if self._rewound:
            # These records were fetched from the old position, which may differ from the committed offset.
            return []
        self.group = group
        if polled:
            self.partitions = sorted(self._consumer.partitions_for_topic(self._topic))
        return flattened(polled, self._settings)

    def _look_at_standing(self) -> None:
        # To ask for committed offsets takes a while without a poll, so do it only outside of rebalances (see _settle).
        if self._standing.batches and self._consumer.group_metadata().state == MemberState.STABLE:
            self._standing.look(lambda one: self._consumer.committed(one, timeout_ms=SETTLE_MS))

    @property
    def damaged(self) -> list[DamagedBatch]:
        """Batches that can't be decoded. Their partitions are paused, and the others go on."""
        return self._standing.batches

    @property
    def _is_joining(self) -> bool:
        """Whether this member has asked to join, and waits for the answer."""
        return bool(self._consumer.group_metadata().state == MemberState.REBALANCING)

    def _settle(self) -> None:
        """Carry out a rewind if the group is stable; otherwise, or if the offsets stay unknown, at a later poll.

        To ask for the committed offsets takes a while in which this member does not poll. During a rebalance that
        would keep the group from settling (see `poll`).
        """
        if not self._rewound or self._consumer.group_metadata().state != MemberState.STABLE:
            return
        try:
            for partition in self._consumer.assignment():
                offset = self._consumer.committed(partition, timeout_ms=SETTLE_MS)
                if offset is None:
                    self._consumer.seek_to_beginning(partition)
                else:
                    self._consumer.seek(partition, offset)
        except KafkaTimeoutError:
            log.warning("committed_offsets_unknown", group=self._membership.group)
            return
        self._rewound = False

    def _config(self) -> dict[str, Any]:
        return self._settings.client() | {
            "group_id": self._settings.real(self._membership.group),
            "group_instance_id": self._membership.instance,
            "session_timeout_ms": millis(self._membership.session),
            "heartbeat_interval_ms": min(millis(HEARTBEAT), millis(self._membership.session) // 6),
            "max_poll_interval_ms": millis(POLL_LIMIT),
            "partition_assignment_strategy": [CooperativeStickyAssignor],
            "isolation_level": "read_committed",
            "enable_auto_commit": False,
            # A group without a committed offset has decided nothing yet, so it begins at the start of the topic.
            "auto_offset_reset": "earliest",
            "allow_auto_create_topics": False,
            "metadata_max_age_ms": millis(LOOK_AGAIN),
            "fetch_max_bytes": FETCH_BYTES,
            "max_partition_fetch_bytes": RECORD_BYTES // 4,
        }
