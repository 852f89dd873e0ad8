"""The log of ticket events on Kafka. One transaction commits the outputs and the group's offsets."""

from __future__ import annotations

from collections.abc import Sequence

from adapters.kafka.errors import DamagedBatch, NotCommittedError
from adapters.kafka.group_reader import GroupReader
from adapters.kafka.partitioner import partition_of
from adapters.kafka.rebalances import NO_GENERATION
from adapters.kafka.records import offsets_behind
from adapters.kafka.settings import KafkaSettings, Membership
from adapters.kafka.transaction import AfterStep, Transactions, nothing
from schemas.log import NewRecord, Record
from schemas.topics import TICKETS


class KafkaEventLog:
    """An EventLog on one topic, as one member of a group. It belongs to one thread.

    After KafkaUnavailableError or NotCommittedError it stays usable: call `rewind`, and poll again. After
    InstanceTakenError or KafkaRefusedError, end the process: further calls fail in the same way.
    """

    def __init__(
        self,
        settings: KafkaSettings,
        membership: Membership,
        topic: str = TICKETS,
        after_step: AfterStep = nothing,
    ) -> None:
        self._settings = settings
        self._transactions = Transactions(settings, membership, after_step)
        self._reader = GroupReader(settings, membership, topic)

    @property
    def has_joined(self) -> bool:
        """Whether this is a member of the group. If there are more members than partitions, some have none."""
        return self._reader.has_joined

    @property
    def damaged(self) -> list[DamagedBatch]:
        """Batches that can't be decoded. Their partitions are paused, and the others go on."""
        return self._reader.damaged

    @property
    def generations(self) -> int:
        """How many generations of the group this member has been part of."""
        return self._reader.generations

    def poll(self, max_records: int, timeout: float) -> list[Record]:
        """See engine.ports.EventLog."""
        return self._reader.poll(max_records, timeout)

    def commit(self, records: Sequence[Record], outputs: Sequence[NewRecord]) -> None:
        """See engine.ports.EventLog.

        Kafka accepts the transaction only if this member is still in the generation in which it polled the records.
        """
        # The metadata from right after the poll, not from now: see GroupReader.
        group = self._reader.group
        if group is None or group.generation_id == NO_GENERATION:
            raise NotCommittedError("the records were polled by no member of the group")
        self._transactions.commit(outputs, offsets_behind(records, self._settings), group)

    def rewind(self) -> None:
        """See engine.ports.EventLog."""
        self._reader.rewind()

    def partition_of(self, key: bytes) -> int | None:
        """See engine.ports.EventLog. As in Kafka's own clients, it is murmur2 over all partitions that are known."""
        return partition_of(key, self._reader.partitions) if self._reader.partitions else None

    def close(self, for_good: bool = False) -> None:
        """Close the connections. The next process polls the uncommitted records again.

        With `for_good` the member leaves the group, so that the others take its partitions over at once.
        """
        # In this order: the others wait only for the second step, since an open transaction holds its offsets back.
        self._reader.close(for_good)
        self._transactions.close()
