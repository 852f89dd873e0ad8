"""Reads one topic as a member of a group, and never goes on from anywhere but the group's committed offsets."""

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
"""Bytes of records that one answer of a broker brings at most, so that a poll of large records stays in bounds."""
LOOK_AGAIN: Final = timedelta(seconds=30)
"""Partitions that are added are noticed after that: until then what is written there waits, and nobody has it."""
SETTLE_MS: Final = 5_000
"""How long one look for committed offsets takes at most: they wait for the end of an open transaction."""
JOIN_PATIENCE: Final = 5.0
"""For how many seconds a poll goes on beyond its time while this member waits for the group's new generation."""
POLL_LIMIT: Final = timedelta(minutes=5)
"""A member that does not poll for so long has lost its partitions: deciding a batch takes a fraction of it."""
MOMENT: Final = 0.1
"""Seconds of a poll that goes on beyond its time."""
HEARTBEAT: Final = timedelta(milliseconds=500)
"""Between two signs of life, by which a member hears of a new generation too: partitions that move wait for that."""

_GONE: Final = (NoError, UnknownMemberIdError)
"""Answers to a member that leaves, after which it has no place."""


class GroupReader:
    """A static member of a group. Not for use from several threads."""

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
        """How often it went back: what was polled before that comes again, here or at another member."""
        self.group: Any = None
        """The group's metadata as it was right after the last poll that gave records."""
        self.partitions: list[int] = []
        """All partitions of the topic, as they were known at the last poll that gave records."""

    @property
    def generations(self) -> int:
        """How many generations of the group this member has been part of. Many in a short time: it does not settle."""
        return self._rebalances.count

    @property
    def has_joined(self) -> bool:
        """Whether the last poll was one of a member, or of one that may be one again before its session has ended."""
        if self._generation is None or self._generation[0] == NO_GENERATION:
            return False
        return self._rebalances.lasts() < self._membership.session.total_seconds()

    def poll(self, max_records: int, timeout: float) -> list[Record]:
        """The next records; empty where none came within `timeout` seconds.

        While the group makes a new generation it takes up to JOIN_PATIENCE longer. kafka-python 3.0.12 forgets the
        answer to a request to join that comes while nobody polls, and asks to join again: all members have to do so
        then, and a group whose members do something else in between is never done with it.

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
        """Go on from the committed offsets, whoever committed them; done at the next poll, since Kafka may be away."""
        self._rewound = True
        self.rewinds += 1

    def commit(self, offsets: dict[Any, Any]) -> None:
        """Commit offsets outside of a transaction."""
        self._consumer.commit(offsets, timeout_ms=millis(self._membership.session))

    def close(self, for_good: bool = False) -> None:
        """Let go of connections.

        The group keeps this member's place until its session ends; closed for good, it need not wait for that. Where
        Kafka does not take that within SETTLE_MS, the log says so, and the place is kept.
        """
        member = self._consumer.group_metadata().member_id
        self._consumer.close(autocommit=False, timeout_ms=SETTLE_MS)
        if for_good:
            # Only now: while it lives, the consumer would join again.
            try:
                with named_errors("leaving the group"):
                    self._leave(member)
            except (InstanceTakenError, KafkaRefusedError, KafkaUnavailableError) as error:
                log.warning("not_left", group=self._membership.group, error=type(error).__name__, said=str(error))

    def _leave(self, member: str) -> None:
        """`member` is its id in the group: who has taken its instance since then has another, and stays."""
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
        # Taken now and not when it is used: a member that was thrown out meanwhile and has joined again would commit
        # what it polled before as if that were still its own.
        group = self._consumer.group_metadata()
        if group.generation_id == NO_GENERATION or self._generation != (group.generation_id, group.member_id):
            # Whoever had a partition between two generations may have gone on in it.
            self._generation = (group.generation_id, group.member_id)
            self.rewind()
        self._rebalances.see(group, self._consumer.assignment)
        self._fencing.check()
        self._lost_joins.look()
        if self._rewound:
            # From where these come may not be where the group stands.
            return []
        self.group = group
        if polled:
            self.partitions = sorted(self._consumer.partitions_for_topic(self._topic))
        return flattened(polled, self._settings)

    def _look_at_standing(self) -> None:
        if self._standing.batches and self._consumer.group_metadata().state == MemberState.STABLE:
            self._standing.look(lambda one: self._consumer.committed(one, timeout_ms=SETTLE_MS))

    @property
    def damaged(self) -> list[DamagedBatch]:
        """Batches that can't be decoded: their partitions stand still, the others go on."""
        return self._standing.batches

    @property
    def _is_joining(self) -> bool:
        """Whether the answer to a request to join is waited for."""
        return bool(self._consumer.group_metadata().state == MemberState.REBALANCING)

    def _settle(self) -> None:
        """Carry out a rewind, once the generation stands; else, or where the committed offsets can't be known, later.

        To ask for them takes a while in which nobody polls, which a group that makes a new generation can't bear.
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
            # A group that has no offset yet has decided nothing.
            "auto_offset_reset": "earliest",
            "allow_auto_create_topics": False,
            "metadata_max_age_ms": millis(LOOK_AGAIN),
            "fetch_max_bytes": FETCH_BYTES,
            "max_partition_fetch_bytes": RECORD_BYTES // 4,
        }
