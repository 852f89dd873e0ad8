"""Appends records outside of a transaction: events, the directory, dead letters that are sent again."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any, Final

from kafka import KafkaProducer

from adapters.kafka.errors import named_errors
from adapters.kafka.settings import RECORD_BYTES, KafkaSettings
from adapters.kafka.topics import refuse_missing
from schemas.log import NewRecord

PATIENCE: Final = timedelta(seconds=60)
"""How long a record may take to be stored."""


class KafkaAppender:
    """Appends. A retry of the client's own doubles nothing (an idempotent producer); records of one key keep order."""

    def __init__(self, settings: KafkaSettings) -> None:
        self._settings = settings
        self._there: set[str] = set()
        with named_errors("opening a producer"):
            self._producer: Any = KafkaProducer(
                **settings.client(),
                acks="all",
                enable_idempotence=True,
                max_request_size=RECORD_BYTES,
                batch_size=262_144,
                linger_ms=5,
                allow_auto_create_topics=False,
            )

    def append(self, records: Iterable[NewRecord]) -> int:
        """Append all records durably, see sender.ports.Topics. Returns how many there were.

        Raises KafkaUnavailableError or KafkaRefusedError where one could not be kept; others may be there then.
        """
        with named_errors("appending"):
            sent = [self._send(one) for one in records]
            for future in sent:
                future.get(PATIENCE.total_seconds())
        return len(sent)

    def _send(self, one: NewRecord) -> Any:
        if one.topic not in self._there:
            refuse_missing(self._settings, [one.topic])
            self._there.add(one.topic)
        return self._producer.send(self._settings.real(one.topic), one.value, one.key, list(one.headers))

    def close(self) -> None:
        """Let go of connections."""
        self._producer.close(timeout=PATIENCE.total_seconds())
