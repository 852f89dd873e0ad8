"""Events go to Kafka, acknowledged within a bounded time: one by one side by side, several as one transaction."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Any, Final

from kafka import KafkaProducer
from kafka.errors import KafkaError, KafkaTimeoutError

from adapters.kafka.errors import KafkaRefusedError, KafkaUnavailableError, named_errors
from adapters.kafka.settings import RECORD_BYTES, KafkaSettings, millis
from adapters.kafka.topics import refuse_missing
from adapters.kafka.transaction import abandon
from intake.ports import LogAwayError, LogUnavailableError
from schemas.log import NewRecord

PATIENCE: Final = timedelta(seconds=4)
"""How long an append waits for Kafka: some helpdesks wait for five seconds for their answer."""

TRANSACTION: Final = timedelta(seconds=10)
"""How long a transaction may be open. Where a process is killed in one, readers wait for its end for so long."""

AWAY: Final = "kafka_away"
REFUSES: Final = "kafka_refuses"
"""Codes of LogUnavailableError where it is Kafka that does not take events."""


class KafkaEventSink:
    """See intake.ports.EventSink. It may be shared between threads.

    `instance` names this process among those of the intake: it is part of the transactional id, and two processes with
    one name throw each other out.
    """

    def __init__(self, settings: KafkaSettings, instance: str, patience: timedelta = PATIENCE) -> None:
        self._settings = settings
        self._patience = patience
        self._there: set[str] = set()
        self._single = _Producer(settings, {"enable_idempotence": True, "linger_ms": 1}, patience)
        self._name = settings.real(f"intake.{instance}")
        in_one = {"transactional_id": self._name, "transaction_timeout_ms": millis(TRANSACTION), "linger_ms": 0}
        self._together = _Producer(settings, in_one, patience)
        self._turn = threading.Lock()

    def append(self, records: Sequence[NewRecord]) -> None:
        """See intake.ports.EventSink."""
        deadline = time.monotonic() + self._patience.total_seconds()
        under = f" under the transactional id {self._name}" if len(records) > 1 else ""
        with _as_log_errors(), named_errors(f"appending events{under}"):
            self._look_for({one.topic for one in records} - self._there)
            if len(records) == 1:
                self._append_one(records[0], deadline)
            elif records:
                self._append_together(records, deadline)

    def close(self) -> None:
        """Close the connections. What was appended is there already."""
        self._single.drop()
        self._together.drop()

    def _look_for(self, topics: set[str]) -> None:
        # For a missing topic, the producer would wait for metadata, and Kafka seem to be away.
        if topics:
            refuse_missing(self._settings, sorted(topics), self._patience / 2)
            self._there |= topics

    def _append_one(self, record: NewRecord, deadline: float) -> None:
        producer = self._single.get(deadline)
        try:
            _sent(producer, self._settings, record).get(_left(deadline))
        except KafkaError:
            # After some errors it takes nothing more; after others, what it still holds would go out behind the answer.
            self._single.drop(producer)
            raise

    def _append_together(self, records: Sequence[NewRecord], deadline: float) -> None:
        with _turn(self._turn, deadline):
            producer = self._together.get(deadline)
            try:
                producer.begin_transaction()
                for future in [_sent(producer, self._settings, one) for one in records]:
                    future.get(_left(deadline))
                _end(producer, producer._transaction_manager.begin_commit(), deadline)  # noqa: SLF001 - see _end
            except BaseException:
                with suppress(KafkaError):
                    _end(producer, producer._transaction_manager.begin_abort(), deadline)  # noqa: SLF001 - see _end
                # The next one ends under this name what is still open. Until then readers wait.
                self._together.drop(producer)
                raise


class _Producer:
    """A producer that is made when it is needed, and anew after it failed."""

    def __init__(self, settings: KafkaSettings, config: dict[str, Any], patience: timedelta) -> None:
        self._config = (
            settings.client()
            | config
            | {
                "acks": "all",
                "max_request_size": RECORD_BYTES,
                "allow_auto_create_topics": False,
                "bootstrap_timeout_ms": millis(patience),
                "max_block_ms": millis(patience),
                "request_timeout_ms": millis(patience) // 2,
                "delivery_timeout_ms": millis(patience),
            }
        )
        self._turn = threading.Lock()
        self._made: Any = None

    def get(self, deadline: float) -> Any:
        """The producer. Raises KafkaError."""
        with _turn(self._turn, deadline):
            if self._made is None:
                producer = KafkaProducer(**self._config)
                try:
                    if "transactional_id" in self._config:
                        producer.init_transactions()
                except BaseException:
                    abandon(producer)
                    raise
                self._made = producer
            return self._made

    def drop(self, failed: Any = None) -> None:
        """Let go of the producer; with `failed`, only where it is still this one."""
        with self._turn:
            if self._made is not None and failed in (None, self._made):
                producer, self._made = self._made, None
                abandon(producer)


def _sent(producer: Any, settings: KafkaSettings, one: NewRecord) -> Any:
    return producer.send(settings.real(one.topic), one.value, one.key, list(one.headers))


def _end(producer: Any, result: Any, deadline: float) -> None:
    """Wait for the end of a transaction. The client's own calls wait for it without a limit."""
    producer._sender.wakeup()  # noqa: SLF001 - as the client's own call does
    if not result.wait(_left(deadline) * 1_000):
        raise KafkaTimeoutError("the transaction has not ended in time")


def _left(deadline: float) -> float:
    return max(0.0, deadline - time.monotonic())


@contextmanager
def _turn(lock: threading.Lock, deadline: float) -> Iterator[None]:
    if not lock.acquire(timeout=_left(deadline)):
        raise KafkaTimeoutError("others wait for Kafka already")
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _as_log_errors() -> Iterator[None]:
    try:
        yield
    except KafkaUnavailableError as error:
        raise LogAwayError(AWAY, str(error)) from error
    except KafkaRefusedError as error:
        raise LogUnavailableError(REFUSES, str(error)) from error
