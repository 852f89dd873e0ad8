"""How to reach Kafka, and how to log in."""

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
"""The largest record that is read or written. A topic may allow less: see adapters.kafka.topics."""

_RECONNECT_WITHIN_MS: Final = 1_000
"""With kafka-python's default, a client may wait for half a minute after a broker is back."""

_FIRST_ANSWER_WITHIN_MS: Final = 10_000
"""How long a client keeps trying while no broker lets it in."""


SESSION: Final = timedelta(seconds=10)
"""Default session timeout: how long a group keeps the partitions of a member that sends no heartbeat."""
SHORTEST_SESSION: Final = timedelta(seconds=6)
"""The shortest session that brokers allow by default (`group.min.session.timeout.ms`)."""
LONGEST_SESSION: Final = timedelta(minutes=5)
"""Less than brokers allow by default, and no longer than a member may take between two polls."""
LONGEST_TRANSACTION: Final = timedelta(seconds=30)
"""Half of `Membership.call_limit`, after which the watchdog ends the process."""


class Mechanism(StrEnum):
    """The SASL mechanism with which a client logs in."""

    PLAIN = "PLAIN"
    SCRAM_SHA_256 = "SCRAM-SHA-256"
    SCRAM_SHA_512 = "SCRAM-SHA-512"


class Login(Struct, frozen=True):
    """Name and password. `repr` and `str` leave the password out."""

    mechanism: Mechanism
    username: str
    password: str

    def __repr__(self) -> str:
        """Show only mechanism and name, because this text may get into a log."""
        return f"Login({self.mechanism.value}, {self.username!r})"


class Tls(Struct, frozen=True):
    """Files in PEM format.

    `ca` holds the authorities to trust (None: those of the system); `certificate` and `key` are the client's own.
    """

    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None


class KafkaSettings(Struct, frozen=True):
    """A cluster: some of its brokers as HOST:PORT, and how to talk to them.

    `prefix` is put before each name of a topic or group, so that several installations can share a cluster. Raises
    KafkaSettingsError for settings that can't be used together.
    """

    bootstrap: tuple[str, ...]
    prefix: str = ""
    tls: Tls | None = None
    login: Login | None = None

    def __post_init__(self) -> None:
        """Check what can be checked without the cluster."""
        # Without this package kafka-python works too, but at about a third of the speed.
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
        """The name of a topic or group in the cluster, with the prefix."""
        return self.prefix + name

    def client(self) -> dict[str, Any]:
        """The settings that all clients of kafka-python share."""
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
        """Whether a password in clear text is safe: the connection is encrypted, or stays on this machine."""
        return self.tls is not None or all(_is_loopback(one.rpartition(":")[0]) for one in self.bootstrap)


class Membership(Struct, frozen=True):
    """One process's place in a group.

    `instance` is unique in the group, and the same after each restart: it is the group.instance.id, and part of the
    transactional.id. After `session` without a heartbeat the group gives the process's partitions to others. The broker
    aborts a transaction that is open for longer than `transaction`. The watchdog ends the process if a call about a
    transaction does not return within `call_limit`.
    """

    group: str
    instance: str
    session: timedelta = SESSION
    transaction: timedelta = SESSION
    call_limit: timedelta = timedelta(seconds=60)

    @classmethod
    def of(cls, group: str, instance: str, session: timedelta) -> Membership:
        """A membership with this session, and limits that fit it.

        After a crash, others wait for the open transaction as they do for the session, so both have the same limit.
        LONGEST_TRANSACTION keeps it below the limit of a call.
        """
        return cls(group, instance, session, min(session, LONGEST_TRANSACTION))

    def __post_init__(self) -> None:
        """Check that the limits fit together."""
        # Otherwise the watchdog would end the process before the broker has given the transaction up.
        if self.call_limit <= self.transaction:
            raise KafkaSettingsError("the limit of a call must be longer than that of a transaction")
        if not self.instance or not self.instance.replace("-", "").replace("_", "").replace(".", "").isalnum():
            raise KafkaSettingsError(f"instance {self.instance!r}: use letters, digits, '.', '_' and '-'")


def millis(span: timedelta) -> int:
    """The time span in whole milliseconds, Kafka's unit."""
    return span // timedelta(milliseconds=1)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"
