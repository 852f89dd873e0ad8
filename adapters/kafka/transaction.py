"""One transaction of Kafka in five numbered steps. It commits outputs and the group's offsets together."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from enum import StrEnum
from typing import Any, Final

import structlog
from kafka import KafkaProducer
from kafka.errors import (
    FencedInstanceIdError,
    InvalidProducerEpochError,
    KafkaError,
    KafkaTimeoutError,
    MessageSizeTooLargeError,
    ProducerFencedError,
    RecordListTooLargeError,
)

from adapters.kafka.errors import InstanceTakenError, KafkaRefusedError, NotCommittedError, named_errors
from adapters.kafka.partitioner import RememberingPartitioner
from adapters.kafka.settings import RECORD_BYTES, KafkaSettings, Membership, millis
from adapters.kafka.watchdog import Watchdog
from schemas.log import NewRecord

log = structlog.get_logger()

FENCED_AGAIN_SECONDS: Final = 60.0
"""Two fencings within this time mean that two processes share one id: they fence each other again and again.

A transaction that only took too long is fenced once.
"""
CLOSE_SECONDS: Final = 1.0


class Step(StrEnum):
    """The steps of a commit, in order."""

    BEGUN = "1 begun"
    APPENDED = "2 appended"
    STORED = "3 stored"
    OFFSETS_ADDED = "4 offsets added"
    COMMITTED = "5 committed"


AfterStep = Callable[[Step], None]


def nothing(_step: Step) -> None:
    """The default for `after_step`: it does nothing."""


class Transactions:
    """Commits one transaction after the other under one transactional id. `after_step` is called after each step."""

    def __init__(self, settings: KafkaSettings, membership: Membership, after_step: AfterStep = nothing) -> None:
        self._settings = settings
        self._membership = membership
        self._after_step = after_step
        self._watchdog = Watchdog(membership.call_limit)
        self._fenced_at: float | None = None
        # A new producer aborts what an earlier process with this id left open. That would hold back every reader.
        self._producer: Any = self._new_producer()

    def commit(self, outputs: Sequence[NewRecord], offsets: dict[Any, Any], group: Any) -> None:
        """Append the outputs and commit the offsets for the group: both, or neither.

        Raises NotCommittedError if the caller may try again from the committed offsets; InstanceTakenError and
        KafkaRefusedError if trying again is no use; KafkaUnavailableError if no producer can be opened.
        """
        if self._producer is None:
            self._producer = self._new_producer()
        try:
            self._commit(outputs, offsets, group)
        except KafkaTimeoutError as error:
            # Do not abort: after a timeout, an abort may never return. The next producer ends the transaction.
            self._drop_producer()
            raise self._named(error) from error
        except KafkaError as error:
            self._give_up()
            raise self._named(error) from error
        except BaseException:
            self._give_up()
            raise

    def close(self) -> None:
        """Close the connections."""
        self._drop_producer()
        self._watchdog.close()

    def _commit(self, outputs: Sequence[NewRecord], offsets: dict[Any, Any], group: Any) -> None:
        self._begin()
        self._after_step(Step.BEGUN)
        sent = self._append(outputs)
        self._after_step(Step.APPENDED)
        self._wait_until_stored(sent)
        self._after_step(Step.STORED)
        self._add_offsets(offsets, group)
        self._after_step(Step.OFFSETS_ADDED)
        self._end()
        self._after_step(Step.COMMITTED)

    def _begin(self) -> None:
        self._producer.begin_transaction()

    def _append(self, outputs: Sequence[NewRecord]) -> list[Any]:
        with self._watchdog.watching("send"):
            return [
                self._producer.send(self._settings.real(one.topic), one.value, one.key, list(one.headers))
                for one in outputs
            ]

    def _wait_until_stored(self, sent: Sequence[Any]) -> None:
        with self._watchdog.watching("flush"):
            # After this time the broker has aborted the transaction. Without a limit, a flush that an outage has cut
            # off may never return.
            self._producer.flush(timeout=self._membership.transaction.total_seconds())
            for future in sent:
                # Raise here if a record failed: otherwise the transaction would be committed without it.
                future.get(0)

    def _add_offsets(self, offsets: dict[Any, Any], group: Any) -> None:
        with self._watchdog.watching("send_offsets_to_transaction"):
            self._producer.send_offsets_to_transaction(offsets, group)

    def _end(self) -> None:
        with self._watchdog.watching("commit_transaction"):
            self._producer.commit_transaction()

    def _give_up(self) -> None:
        """Abort, and drop the producer. If the abort fails, the next producer ends the transaction.

        The producer is dropped even after a successful abort. kafka-python 3.0.12 keeps offsets that the group refused,
        and would commit them with the producer's next transaction, though another member may have the partitions.
        """
        try:
            with self._watchdog.watching("abort_transaction"):
                self._producer.abort_transaction()
        except KafkaError as error:
            log.info("not_aborted", error=type(error).__name__)
        finally:
            self._drop_producer()

    def _named(self, error: KafkaError) -> Exception:
        text = f"the transaction was not committed: {type(error).__name__}: {error}"
        log.warning("not_committed", error=type(error).__name__)
        if isinstance(error, FencedInstanceIdError):
            return InstanceTakenError(f"another process has the group instance id {self._membership.instance!r}")
        if isinstance(error, ProducerFencedError | InvalidProducerEpochError) and self._is_fenced_again():
            return InstanceTakenError(
                f"fenced again and again: another process is instance {self._membership.instance!r}"
            )
        if isinstance(error, MessageSizeTooLargeError | RecordListTooLargeError):
            return KafkaRefusedError(f"{text}: a topic allows smaller records than it needs: tocsin topics check")
        return NotCommittedError(text)

    def _is_fenced_again(self) -> bool:
        before, self._fenced_at = self._fenced_at, time.monotonic()
        return before is not None and self._fenced_at - before < FENCED_AGAIN_SECONDS

    def _new_producer(self) -> Any:
        config = self._config()
        with named_errors(f"opening a producer with the transactional id {config['transactional_id']}"):
            producer = KafkaProducer(**config)
            try:
                producer.init_transactions()
            except BaseException:
                abandon(producer)
                raise
        return producer

    def _drop_producer(self) -> None:
        if self._producer is not None:
            producer, self._producer = self._producer, None
            with self._watchdog.watching("close"):
                abandon(producer)

    def _config(self) -> dict[str, Any]:
        limit = millis(self._membership.call_limit)
        return self._settings.client() | {
            "transactional_id": self._settings.real(f"{self._membership.group}.{self._membership.instance}"),
            "transaction_timeout_ms": millis(self._membership.transaction),
            "acks": "all",
            "max_request_size": RECORD_BYTES,
            "batch_size": 262_144,
            "linger_ms": 0,
            "partitioner": RememberingPartitioner(),
            "max_block_ms": limit // 2,
            "request_timeout_ms": limit // 2,
            "delivery_timeout_ms": limit * 2,
            "allow_auto_create_topics": False,
        }


def abandon(producer: Any) -> None:
    """Close a producer, whatever it is doing.

    Its own `close` would wait for records that an outage has cut off for good, and then leave its thread and
    connections behind.
    """
    producer._sender.force_close()  # noqa: SLF001 - the only way to tell it that nothing is waited for
    with suppress(KafkaTimeoutError):
        producer.close(timeout=CLOSE_SECONDS)
