"""What can go wrong with Kafka, by what is to be done about it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from kafka import errors
from msgspec import Struct

from schemas.errors import UnusableError, WrongSettingError


class DamagedBatch(Struct, frozen=True):
    """A batch that can't be decoded: its place, what is wrong with it, and its bytes as the broker gave them.

    `first` is the offset from which on records are missing, `last` that of the batch's last record. `topic` is the
    topic's name in the cluster.
    """

    topic: str
    partition: int
    first: int
    last: int
    why: str
    content: bytes = b""

    @property
    def place(self) -> dict[str, object]:
        """Where it is, for a line of the log."""
        return {"topic": self.topic, "partition": self.partition, "offset": self.first, "last_offset": self.last}

    def __str__(self) -> str:
        """The fault on one line."""
        return f"{self.topic}, partition {self.partition}, offset {self.first} (to {self.last}): {self.why}"


class KafkaSettingsError(WrongSettingError, ValueError):
    """A setting that can't be used: which, and what to do."""


class KafkaUnavailableError(UnusableError, RuntimeError):
    """Kafka does not answer, or not now. What was asked may be asked again."""


class DamagedBatchError(KafkaUnavailableError):
    """A batch of records can't be decoded: which, and why. Those before it were given; the position stands at it."""

    def __init__(self, batch: DamagedBatch) -> None:
        super().__init__(str(batch))
        self.batch = batch


class KafkaRefusedError(UnusableError, RuntimeError):
    """Kafka refuses what was asked, and will refuse it again: a permission, a credential, a limit, a missing topic."""


class NotCommittedError(UnusableError, RuntimeError):
    """A transaction did not come to a known good end.

    Either nothing of it counts, or all of it does and only the answer was lost: the group's committed offsets tell, so
    poll again from there.
    """


class InstanceTakenError(UnusableError, RuntimeError):
    """Another process has the same group instance id, or the same transactional id: this one must end."""


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
    """Turn kafka-python's errors into those of this file; `asked` says what was asked for."""
    try:
        yield
    except errors.FencedInstanceIdError as error:
        raise InstanceTakenError(f"{asked}: another process has this group instance id") from error
    except errors.KafkaError as error:
        raise named(error, asked) from error


def named(error: errors.KafkaError, asked: str) -> KafkaRefusedError | KafkaUnavailableError:
    """The error of this file for one of kafka-python's."""
    kind, said = type(error).__name__, str(error)
    text = f"{asked}: {said if kind in said else f'{kind}: {said}'}{_ADVICE.get(type(error), '')}"
    return KafkaRefusedError(text) if isinstance(error, _FATAL) else KafkaUnavailableError(text)
