"""Appends many records in one transaction: readers of what is committed see all of them, or none."""

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
"""Records that are under way at a time."""
PATIENCE: Final = timedelta(seconds=60)
"""How long a record may take to be stored, and a call about the transaction to be answered."""
TIDY_PATIENCE: Final = timedelta(seconds=20)
"""How long to abort may take, as after Ctrl-C: Kafka does it by itself in the end."""
SHORTEST: Final = timedelta(minutes=1)
LONGEST: Final = timedelta(minutes=15)
"""What brokers allow at most, unless they are told otherwise (`transaction.max.timeout.ms`)."""
_RECORDS_A_SECOND: Final = 1_000
"""Far fewer than a slow broker takes."""


def time_for(records: int) -> timedelta:
    """How long a transaction of so many records may be open before Kafka gives it up.

    A process that is killed leaves its transaction open for so long, and readers stay at what was before it, unless
    another one of the same name begins.
    """
    return min(SHORTEST + timedelta(seconds=records / _RECORDS_A_SECOND), LONGEST)


class OneTransaction:
    """A transaction under a name (a transactional id), of which there is one at a time.

    What an earlier process of that name left open is aborted when this is made; one that is still at work fails then.
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
        """Append all of them, or none. Returns how many there were; `progress` is told of those that are stored.

        Raises InstanceTakenError where another process of this name began meanwhile, KafkaRefusedError and
        KafkaUnavailableError. Where the answer to the commit itself is lost, it may have come about all the same.
        """
        try:
            self._producer.begin_transaction()
            done, rest = 0, iter(records)
            while some := list(islice(rest, AT_ONCE)):
                self._store(some)
                done += len(some)
                progress(len(some))
            # See adapters.kafka.whole_ends: readers of a busy topic rely on it.
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
        """Let go of connections."""
        with self._watchdog.watching("close", TIDY_PATIENCE):
            abandon(self._producer)
        self._watchdog.close()

    def _store(self, records: Sequence[NewRecord]) -> None:
        real = self._settings.real
        sent = [self._producer.send(real(one.topic), one.value, one.key, list(one.headers)) for one in records]
        for future in sent:
            # A record that failed must never be missing from a transaction that is committed all the same.
            future.get(PATIENCE.total_seconds())

    def _abort(self) -> None:
        with self._watchdog.watching("abort_transaction", TIDY_PATIENCE):
            try:
                self._producer.abort_transaction()
            except KafkaError:
                # Kafka aborts it when its time is up, or the next process of this name does.
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
