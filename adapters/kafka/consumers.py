"""Consumers that belong to no group, and what they all say of a topic that can't be read."""

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
    """A consumer of what is committed, and `more` of kafka-python's settings. It names batches that are damaged."""
    alone = {"isolation_level": "read_committed", "enable_auto_commit": False, "allow_auto_create_topics": False}
    consumer = KafkaConsumer(**settings.client() | alone | more)
    name_damaged_batches(consumer)
    return consumer


def no_such_topic(name: str) -> KafkaRefusedError:
    """The error where a topic is missing."""
    return KafkaRefusedError(f"there is no topic {name}: tocsin topics create")


def asked_offsets(ask: AskOffsets, partitions: Sequence[Any], timeout_ms: int) -> dict[Any, int]:
    """The offsets of these partitions. Raises KafkaUnavailableError where one has no leader, and KafkaTimeoutError."""
    try:
        return ask(list(partitions), timeout_ms=timeout_ms)
    except KeyError as error:
        # kafka-python leaves out what no broker leads just now.
        raise KafkaUnavailableError(f"{error.args[0]} has no leader") from error
