"""Appends many records in one transaction: readers with read_committed see all of them, or none."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from itertools import islice
from typing import Any, Final

from kafka import KafkaProducer
from kafka.errors import (
    InvalidProducerEpochError,
    InvalidTransactionTimeoutError,
    KafkaError,
    ProducerFencedError,
)

from adapters.kafka.errors import InstanceTakenError, KafkaRefusedError, named, named_errors
from adapters.kafka.settings import RECORD_BYTES, KafkaSettings, millis
from adapters.kafka.transaction import abandon
from adapters.kafka.watchdog import Watchdog
from adapters.kafka.whole_ends import SETTLES
from schemas.log import NewRecord

AT_ONCE: Final = 5_000
"""How many records are sent before their acknowledgements are waited for."""
PATIENCE: Final = timedelta(seconds=60)
"""Limit for the acknowledgement of one record, and for the answer to one call about the transaction."""
TIDY_PATIENCE: Final = timedelta(seconds=20)
"""Limit for an abort, for example after Ctrl-C. Without one, Kafka aborts when the transaction times out."""
SHORTEST: Final = timedelta(minutes=1)
LONGEST: Final = timedelta(minutes=15)
"""The longest that brokers allow by default (`transaction.max.timeout.ms`)."""
_RECORDS_A_SECOND: Final = 1_000
"""Far fewer records than even a slow broker stores in a second."""


def time_for(records: int) -> timedelta:
    """How long a transaction of this many records may be open before Kafka aborts it.

    If the process is killed, its transaction stays open for that time, and readers get nothing behind its first record.
    It ends earlier if another process begins a transaction under the same name.
    """
    return min(SHORTEST + timedelta(seconds=records / _RECORDS_A_SECOND), LONGEST)


class OneTransaction:
    """A transaction under a name (the transactional id). Kafka allows one at a time for each name.

    The constructor aborts what an earlier process left open under this name, and fences one that is still at work.
    """

    def __init__(self, settings: KafkaSettings, name: str, limit: timedelta) -> None:
        """Raises KafkaRefusedError and KafkaUnavailableError."""
        self._settings = settings
        self._name = settings.real(name)
        self._limit = limit
        self._watchdog = Watchdog(PATIENCE * 2)
        with named_errors(f"opening a producer with the transactional id {self._name}"):
            self._producer: Any = KafkaProducer(**self._config())
            try:
                with self._watchdog.watching("init_transactions"):
                    self._producer.init_transactions()
            except KafkaError as error:
                self.close()
                # kafka-python 3.0.12 has no class of its own for this answer.
                if InvalidTransactionTimeoutError.__name__ in str(error):
                    raise KafkaRefusedError(self._too_long()) from error
                raise
            except BaseException:
                self.close()
                raise

    def append(self, records: Iterable[NewRecord], progress: Callable[[int], None] = lambda _done: None) -> int:
        """Append all records, or none. Returns their number; `progress` gets the number of records just stored.

        Raises InstanceTakenError if another process began a transaction under this name meanwhile, KafkaRefusedError
        and KafkaUnavailableError. If the answer to the commit is lost, the transaction may be committed all the same.
        """
        try:
            self._producer.begin_transaction()
            done, rest = 0, iter(records)
            while some := list(islice(rest, AT_ONCE)):
                self._store(some)
                done += len(some)
                progress(len(some))
            # Readers of a busy topic rely on this pause between the last record and the commit: see whole_ends.py.
            time.sleep(SETTLES)
            with self._watchdog.watching("commit_transaction"):
                self._producer.commit_transaction()
        except (ProducerFencedError, InvalidProducerEpochError) as error:
            raise InstanceTakenError(self._fenced()) from error
        except KafkaError as error:
            self._abort()
            raise named(error, "appending in a transaction, of which nothing counts now") from error
        except BaseException:
            self._abort()
            raise
        return done

    def close(self) -> None:
        """Close the connections."""
        with self._watchdog.watching("close", TIDY_PATIENCE):
            abandon(self._producer)
        self._watchdog.close()

    def _store(self, records: Sequence[NewRecord]) -> None:
        real = self._settings.real
        sent = [self._producer.send(real(one.topic), one.value, one.key, list(one.headers)) for one in records]
        for future in sent:
            # Raise here if a record failed: otherwise the transaction would be committed without it.
            future.get(PATIENCE.total_seconds())

    def _abort(self) -> None:
        with self._watchdog.watching("abort_transaction", TIDY_PATIENCE):
            try:
                self._producer.abort_transaction()
            except KafkaError:
                # Kafka aborts it when it times out, or when the next process of this name starts.
                return

    def _fenced(self) -> str:
        return (
            f"another process began a transaction as {self._name}, or this one was open for more than "
            f"{self._limit.total_seconds():.0f} s: nothing of it counts. Let one run at a time"
        )

    def _too_long(self) -> str:
        return (
            f"so many records may take {self._limit.total_seconds():.0f} s, and the brokers allow no transaction that "
            "is open for so long: raise their transaction.max.timeout.ms"
        )

    def _config(self) -> dict[str, Any]:
        return self._settings.client() | {
            "transactional_id": self._name,
            "transaction_timeout_ms": millis(self._limit),
            "acks": "all",
            "max_request_size": RECORD_BYTES,
            "batch_size": 262_144,
            "linger_ms": 5,
            "max_block_ms": millis(PATIENCE),
            "allow_auto_create_topics": False,
        }
