"""The log of ticket events on Kafka: what is decided and how far that went change in one transaction."""

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

    A KafkaUnavailableError or NotCommittedError of any call leaves it usable: rewind, and poll again. After
    InstanceTakenError and KafkaRefusedError there is no use in going on.
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
        """Whether this is a member of the group by now. There may be more members than partitions."""
        return self._reader.has_joined

    @property
    def damaged(self) -> list[DamagedBatch]:
        """Batches that can't be decoded: their partitions stand still, the others go on."""
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

        It counts only while this member is still of the generation in which the records were polled.
        """
        group = self._reader.group
        if group is None or group.generation_id == NO_GENERATION:
            raise NotCommittedError("the records were polled by no member of the group")
        self._transactions.commit(outputs, offsets_behind(records, self._settings), group)

    def rewind(self) -> None:
        """See engine.ports.EventLog."""
        self._reader.rewind()

    def partition_of(self, key: bytes) -> int | None:
        """See engine.ports.EventLog. It is murmur2's, as of Kafka's own clients, over the partitions known by now."""
        return partition_of(key, self._reader.partitions) if self._reader.partitions else None

    def close(self, for_good: bool = False) -> None:
        """Let go of connections. What was not committed is polled again by the next process.

        Closed for good, the other members need not wait for this one's return.
        """
        # In this order: others wait for the second alone. A transaction that is still open holds its offsets back.
        self._reader.close(for_good)
        self._transactions.close()
