"""Consumers outside of any group, and the errors that they share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from kafka import KafkaConsumer

from adapters.kafka.batches import name_damaged_batches
from adapters.kafka.errors import KafkaRefusedError, KafkaUnavailableError
from adapters.kafka.settings import KafkaSettings

AskOffsets = Callable[..., dict[Any, int]]
"""`end_offsets` or `beginning_offsets` of a consumer."""


def lone_consumer(settings: KafkaSettings, **more: Any) -> Any:
    """A consumer of committed records in no group. `more` are further settings of kafka-python, and win.

    It raises DamagedBatchError for a batch that can't be decoded.
    """
    # kafka-python reads uncommitted and aborted records too, unless it is asked for read_committed.
    alone = {"isolation_level": "read_committed", "enable_auto_commit": False, "allow_auto_create_topics": False}
    consumer = KafkaConsumer(**settings.client() | alone | more)
    name_damaged_batches(consumer)
    return consumer


def no_such_topic(name: str) -> KafkaRefusedError:
    """The error for a missing topic."""
    return KafkaRefusedError(f"there is no topic {name}: tocsin topics create")


def asked_offsets(ask: AskOffsets, partitions: Sequence[Any], timeout_ms: int) -> dict[Any, int]:
    """The offsets of these partitions. Raises KafkaUnavailableError if one has no leader, and KafkaTimeoutError."""
    try:
        return ask(list(partitions), timeout_ms=timeout_ms)
    except KeyError as error:
        # kafka-python leaves partitions without a leader out of its answer, and then looks for them there.
        raise KafkaUnavailableError(f"{error.args[0]} has no leader") from error
