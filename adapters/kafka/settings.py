"""How to reach Kafka, and as whom."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from importlib.util import find_spec
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Final

from msgspec import Struct

from adapters.kafka.errors import KafkaSettingsError

RECORD_BYTES: Final = 8_388_608
"""The largest record that is read or written: what a topic allows may be less, see adapters.kafka.topics."""

_RECONNECT_WITHIN_MS: Final = 1_000
"""kafka-python's own limit lets a client wait for half a minute after a broker is back."""

_FIRST_ANSWER_WITHIN_MS: Final = 10_000
"""A broker that does not let a client in is asked again until then."""


SESSION: Final = timedelta(seconds=10)
"""How long a group keeps the place of a process that shows no sign of life, unless it is told otherwise."""
SHORTEST_SESSION: Final = timedelta(seconds=6)
"""What brokers allow at least, unless they are told otherwise (`group.min.session.timeout.ms`)."""
LONGEST_SESSION: Final = timedelta(minutes=5)
"""Below what brokers allow, and no longer than a member may take between two polls."""
LONGEST_TRANSACTION: Final = timedelta(seconds=30)
"""Half of what a call about a transaction may take before the process ends."""


class Mechanism(StrEnum):
    """How a client proves who it is (SASL)."""

    PLAIN = "PLAIN"
    SCRAM_SHA_256 = "SCRAM-SHA-256"
    SCRAM_SHA_512 = "SCRAM-SHA-512"


class Login(Struct, frozen=True):
    """Name and password. The password is in no text that is made of this."""

    mechanism: Mechanism
    username: str
    password: str

    def __repr__(self) -> str:
        """Name and mechanism alone: this may end up in a log."""
        return f"Login({self.mechanism.value}, {self.username!r})"


class Tls(Struct, frozen=True):
    """Files in PEM format: whom to trust (None: those whom the system trusts), and the client's own certificate."""

    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None


class KafkaSettings(Struct, frozen=True):
    """A cluster: some of its brokers as HOST:PORT, and how to talk to them.

    `prefix` stands before each name of a topic or group, so that several installations share a cluster. Raises
    KafkaSettingsError for what can't be used together.
    """

    bootstrap: tuple[str, ...]
    prefix: str = ""
    tls: Tls | None = None
    login: Login | None = None

    def __post_init__(self) -> None:
        """Check what does not depend on a cluster."""
        if find_spec("crc32c") is None:
            raise KafkaSettingsError("the package crc32c is not installed: without it every checksum is made in Python")
        for one in self.bootstrap or ("",):
            host, colon, port = one.rpartition(":")
            if not (host and colon and port.isdigit() and 0 < int(port) < 1 << 16):
                raise KafkaSettingsError(f"{one!r} is not of the form HOST:PORT")
        if self.tls is not None and (self.tls.certificate is None) != (self.tls.key is None):
            raise KafkaSettingsError("the client's certificate and its key belong together: give both, or neither")
        if self.login is not None and self.login.mechanism is Mechanism.PLAIN and not self._is_private():
            raise KafkaSettingsError("PLAIN sends the password as it is: use TLS with it, or SCRAM-SHA-512")

    def real(self, name: str) -> str:
        """The name in the cluster of a topic or group."""
        return self.prefix + name

    def client(self) -> dict[str, Any]:
        """What every client of kafka-python is given."""
        config: dict[str, Any] = {
            "bootstrap_servers": list(self.bootstrap),
            "client_id": "tocsin",
            "security_protocol": ("SASL_" if self.login else "") + ("SSL" if self.tls else "PLAINTEXT"),
            "reconnect_backoff_max_ms": _RECONNECT_WITHIN_MS,
            "bootstrap_timeout_ms": _FIRST_ANSWER_WITHIN_MS,
        }
        if self.tls is not None:
            files = {"ssl_cafile": self.tls.ca, "ssl_certfile": self.tls.certificate, "ssl_keyfile": self.tls.key}
            config |= {name: str(file) for name, file in files.items() if file is not None}
        if self.login is not None:
            config |= {
                "sasl_mechanism": self.login.mechanism.value,
                "sasl_plain_username": self.login.username,
                "sasl_plain_password": self.login.password,
            }
        return config

    def _is_private(self) -> bool:
        """Whether a password in clear is safe here: the line is encrypted, or does not leave the machine."""
        return self.tls is not None or all(_is_loopback(one.rpartition(":")[0]) for one in self.bootstrap)


class Membership(Struct, frozen=True):
    """One process's place in a group.

    `instance` is its own, and the same after each restart: the group knows it by that (group.instance.id), and the
    transactions too (transactional.id). `session` without a sign of life lets the group give its partitions away; a
    transaction that is open for longer than `transaction` is aborted by the broker; a call about a transaction that
    does not return within `call_limit` ends the process.
    """

    group: str
    instance: str
    session: timedelta = SESSION
    transaction: timedelta = SESSION
    call_limit: timedelta = timedelta(seconds=60)

    @classmethod
    def of(cls, group: str, instance: str, session: timedelta) -> Membership:
        """A place with this session, and limits that fit it.

        An open transaction holds others up as a session does: so it is given up after the same time, but soon enough
        that the calls about it have not reached their own limit by then.
        """
        return cls(group, instance, session, min(session, LONGEST_TRANSACTION))

    def __post_init__(self) -> None:
        """Check that the limits fit together."""
        if self.call_limit <= self.transaction:
            raise KafkaSettingsError("the limit of a call must be longer than that of a transaction")
        if not self.instance or not self.instance.replace("-", "").replace("_", "").replace(".", "").isalnum():
            raise KafkaSettingsError(f"instance {self.instance!r}: use letters, digits, '.', '_' and '-'")


def millis(span: timedelta) -> int:
    """Whole milliseconds, as Kafka counts."""
    return span // timedelta(milliseconds=1)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"
