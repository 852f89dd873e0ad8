"""The log of jobs on Kafka. It delivers each job at least once; the sender's ledger recognises repeats."""

from __future__ import annotations

from typing import Any

import structlog
from kafka.errors import CommitFailedError, IllegalGenerationError, RebalanceInProgressError, UnknownMemberIdError

from adapters.kafka.errors import DamagedBatch, named_errors
from adapters.kafka.group_reader import GroupReader
from adapters.kafka.records import offsets_behind
from adapters.kafka.settings import KafkaSettings, Membership
from schemas.log import Record
from schemas.topics import JOBS

log = structlog.get_logger()

_NO_LONGER_MINE = (CommitFailedError, IllegalGenerationError, RebalanceInProgressError, UnknownMemberIdError)


class KafkaJobLog:
    """A JobLog on one topic, as one member of a group. It belongs to one thread."""

    def __init__(self, settings: KafkaSettings, membership: Membership, topic: str = JOBS) -> None:
        self._settings = settings
        self._reader = GroupReader(settings, membership, topic)
        self._polled: dict[Any, Any] = {}

    @property
    def damaged(self) -> list[DamagedBatch]:
        """Batches that can't be decoded. Their partitions are paused, and the others go on."""
        return self._reader.damaged

    @property
    def generations(self) -> int:
        """How many generations of the group this member has been part of."""
        return self._reader.generations

    def poll(self, max_records: int, timeout: float) -> list[Record]:
        """See sender.ports.JobLog. Raises InstanceTakenError, KafkaRefusedError and KafkaUnavailableError."""
        before = self._reader.rewinds
        records = self._reader.poll(max_records, timeout)
        if self._reader.rewinds != before:
            # Another member may own these partitions now, and have committed more: old offsets would move it back.
            self._polled = {}
        self._polled |= offsets_behind(records, self._settings)
        return records

    def commit(self) -> None:
        """See sender.ports.JobLog.

        If another member has got the partitions meanwhile, nothing is committed. That member reads the records again,
        and the ledger recognises them.
        """
        polled, self._polled = self._polled, {}
        if not polled:
            return
        with named_errors("committing"):
            try:
                self._reader.commit(polled)
            except _NO_LONGER_MINE as error:
                log.info("positions_not_committed", error=type(error).__name__)
                self._reader.rewind()

    def rewind(self) -> None:
        """See sender.ports.JobLog."""
        self._polled = {}
        self._reader.rewind()

    def close(self, for_good: bool = False) -> None:
        """Close the connections. With `for_good` the member leaves the group, so that the others take over at once."""
        self._reader.close(for_good)
