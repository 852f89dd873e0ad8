"""Appends records outside of a transaction: events, the directory, dead letters that are sent again."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any, Final

from kafka import KafkaProducer
from kafka.errors import KafkaError

from adapters.kafka.errors import named_errors
from adapters.kafka.settings import RECORD_BYTES, KafkaSettings
from adapters.kafka.topics import refuse_missing
from adapters.kafka.transaction import abandon
from schemas.log import NewRecord

PATIENCE: Final = timedelta(seconds=60)
"""Limit for the brokers to acknowledge one record."""


class KafkaAppender:
    """Appends records with an idempotent producer.

    The client's own retries store no record twice, and records with the same key keep their order.
    """

    def __init__(self, settings: KafkaSettings) -> None:
        self._settings = settings
        self._there: set[str] = set()
        self._made: Any = self._new_producer()

    def append(self, records: Iterable[NewRecord]) -> int:
        """Append all records durably, see sender.ports.Topics. Returns how many there were.

        Raises KafkaUnavailableError or KafkaRefusedError if a record could not be stored. Other records of the same
        call may be stored all the same: this is no transaction.
        """
        with named_errors("appending"):
            if self._made is None:
                self._made = self._new_producer()
            try:
                sent = [self._send(one) for one in records]
                for future in sent:
                    future.get(PATIENCE.total_seconds())
            except KafkaError:
                # After some errors, as of a record that its topic does not take, it takes nothing more for good.
                producer, self._made = self._made, None
                abandon(producer)
                raise
        return len(sent)

    def _new_producer(self) -> Any:
        with named_errors("opening a producer"):
            return KafkaProducer(
                **self._settings.client(),
                acks="all",
                enable_idempotence=True,
                max_request_size=RECORD_BYTES,
                batch_size=262_144,
                linger_ms=5,
                allow_auto_create_topics=False,
            )

    def _send(self, one: NewRecord) -> Any:
        if one.topic not in self._there:
            # Ask once for each topic: for a missing topic, the producer would wait a minute for metadata.
            refuse_missing(self._settings, [one.topic])
            self._there.add(one.topic)
        return self._made.send(self._settings.real(one.topic), one.value, one.key, list(one.headers))

    def close(self) -> None:
        """Close the connections."""
        if self._made is not None:
            self._made.close(timeout=PATIENCE.total_seconds())
