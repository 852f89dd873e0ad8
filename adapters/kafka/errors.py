"""Errors of Kafka, sorted by what the caller can do about them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from kafka import errors
from msgspec import Struct

from schemas.errors import UnusableError, WrongSettingError


class DamagedBatch(Struct, frozen=True):
    """A batch that can't be decoded: its place, what is wrong with it, and its bytes as the broker sent them.

    `topic` is the topic's name in the cluster. `first` is the offset of the first missing record, `last` the offset of
    the last record in the batch.
    """

    topic: str
    partition: int
    first: int
    last: int
    why: str
    content: bytes = b""

    @property
    def place(self) -> dict[str, object]:
        """The place of the batch, as fields of a log line."""
        return {"topic": self.topic, "partition": self.partition, "offset": self.first, "last_offset": self.last}

    def __str__(self) -> str:
        """The fault on one line."""
        return f"{self.topic}, partition {self.partition}, offset {self.first} (to {self.last}): {self.why}"


class KafkaSettingsError(WrongSettingError, ValueError):
    """A setting that can't be used. The message names it and says what to do."""


class KafkaUnavailableError(UnusableError, RuntimeError):
    """Kafka does not answer, or can't do it now. The same call may succeed later."""


class DamagedBatchError(KafkaUnavailableError):
    """A batch can't be decoded. The records before it were delivered, and the consumer's position is at the batch."""

    def __init__(self, batch: DamagedBatch) -> None:
        super().__init__(str(batch))
        self.batch = batch


class KafkaRefusedError(UnusableError, RuntimeError):
    """Kafka refuses the request and will refuse it again: a permission, a credential, a limit or a missing topic."""


class NotCommittedError(UnusableError, RuntimeError):
    """Nobody knows whether a transaction was committed.

    Either nothing of it counts, or all of it counts and only the answer was lost. The group's committed offsets tell
    which: poll again from there.
    """


class InstanceTakenError(UnusableError, RuntimeError):
    """Another process uses the same group instance id or transactional id. This process must end."""


_FATAL = (
    errors.AuthorizationError,
    errors.SaslAuthenticationFailedError,
    errors.UnsupportedSaslMechanismError,
    errors.UnsupportedVersionError,
    errors.InconsistentGroupProtocolError,
    errors.InvalidSessionTimeoutError,
    errors.InvalidTransactionTimeoutError,
    errors.InvalidTopicError,
    errors.KafkaConfigurationError,
    errors.MessageSizeTooLargeError,
    errors.RecordListTooLargeError,
)

_ADVICE = {
    errors.KafkaTimeoutError: ": Kafka does not answer in time",
    errors.RequestTimedOutError: ": Kafka does not answer in time",
    errors.InvalidSessionTimeoutError: (
        ": the brokers allow no session of this length: set kafka.session (TOCSIN_KAFKA_SESSION) between their "
        "group.min.session.timeout.ms and group.max.session.timeout.ms"
    ),
    errors.InvalidTransactionTimeoutError: (
        ": the brokers allow no transaction that is open for so long: set kafka.session (TOCSIN_KAFKA_SESSION) to no "
        "more than their transaction.max.timeout.ms"
    ),
}


@contextmanager
def named_errors(asked: str) -> Iterator[None]:
    """Turn kafka-python's errors into the errors of this file. `asked` names the request in the message."""
    try:
        yield
    except errors.FencedInstanceIdError as error:
        raise InstanceTakenError(f"{asked}: another process has this group instance id") from error
    except errors.KafkaError as error:
        raise named(error, asked) from error


def named(error: errors.KafkaError, asked: str) -> KafkaRefusedError | KafkaUnavailableError:
    """The error of this file for an error of kafka-python."""
    kind, said = type(error).__name__, str(error)
    text = f"{asked}: {said if kind in said else f'{kind}: {said}'}{_ADVICE.get(type(error), '')}"
    return KafkaRefusedError(text) if isinstance(error, _FATAL) else KafkaUnavailableError(text)
