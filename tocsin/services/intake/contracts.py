"""The contracts of the directory's topic, for look-ups of webhooks: followed by one thread, asked by many."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

from adapters.contract_lookup import ContractRecords
from adapters.kafka.directory_topic import Complaint, DirectoryFeed, logged
from adapters.kafka.settings import KafkaSettings
from intake.ports import LogAwayError
from schemas.topics import DIRECTORY

FOLLOW_SECONDS: Final = 1.0
"""Between two readings that nobody asked for."""

PATIENCE: Final = timedelta(seconds=2)
"""How long a look-up waits for a reading: helpdesks wait for five seconds for their answer."""


class FollowedContracts:
    """A DirectoryLookup on the directory's topic. `follow` belongs to one thread; look-ups come from any.

    A look-up that finds no contract, or several, is repeated after a reading that began behind the post: a contract
    that the directory got just before its first ticket is found. Raises LogAwayError where that takes too long.
    """

    def __init__(self, settings: KafkaSettings, between: Callable[[], None], patience: timedelta = PATIENCE) -> None:
        """`between`: see TopicReader."""
        self._settings = settings
        self._between = between
        self._patience = patience.total_seconds()
        self._records = ContractRecords()
        self._feed: DirectoryFeed | None = None
        self._turn = threading.Condition()
        self._is_asked = False
        self._begun = self._done = 0
        """Readings, counted."""

    def follow(self) -> None:
        """Read to the end once: as soon as somebody asks, or after a second.

        Raises KafkaUnavailableError and KafkaRefusedError.
        """
        with self._turn:
            if self._done:
                self._turn.wait_for(lambda: self._is_asked, FOLLOW_SECONDS)
            self._is_asked = False
            self._begun += 1
            begun = self._begun
        if self._feed is None:
            self._feed = DirectoryFeed(self._settings, self._records, self._between, _of_contracts, (DIRECTORY,))
        self._feed.catch_up()
        with self._turn:
            self._done = begun
            self._turn.notify_all()

    def contracts(
        self, *, customer: str | None, product: str | None, reference: str | None, at: datetime
    ) -> Sequence[str]:
        """See DirectoryLookup."""

        def found() -> Sequence[str]:
            return self._records.contracts(customer=customer, product=product, reference=reference, at=at)

        known = found()
        if len(known) == 1:
            return known
        self._read_again()
        return found()

    def close(self) -> None:
        """Close the connections."""
        if self._feed is not None:
            self._feed.close()

    def _read_again(self) -> None:
        with self._turn:
            wanted = self._begun + 1
            self._is_asked = True
            self._turn.notify_all()
            if not self._turn.wait_for(lambda: self._done >= wanted, self._patience):
                raise LogAwayError("directory_away", "the directory's topic could not be read to its end in time")


def _of_contracts(complaint: Complaint) -> None:
    """Of other records, engines and senders tell."""
    if complaint.record.startswith("contract/"):
        logged(complaint)
