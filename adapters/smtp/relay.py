"""Where the mail relay is, and how to speak with it."""

from __future__ import annotations

import ssl
from enum import StrEnum

from msgspec import Struct


class Tls(StrEnum):
    """How the connection is encrypted. There is no way back to plain text where encryption was asked for."""

    NONE = "none"
    STARTTLS = "starttls"
    """After the greeting (RFC 3207)."""
    IMPLICIT = "implicit"
    """From the first byte (RFC 8314, section 3.3)."""


class Relay(Struct, frozen=True, kw_only=True):
    """A mail relay.

    `timeout` is how long to wait for each reply, in seconds, `final_timeout` for the one to the message itself, which a
    relay may scan and store first (RFC 5321, section 4.5.3.2, would wait for 5 and 10 minutes). `hello` is the name to
    greet with, by default this machine's full name. `tls_context` replaces the system's own certificates and rules.
    Raises ValueError for a password that would be sent in plain text.
    """

    host: str
    port: int
    tls: Tls = Tls.STARTTLS
    username: str | None = None
    password: str | None = None
    timeout: float = 30.0
    final_timeout: float = 120.0
    hello: str | None = None
    tls_context: ssl.SSLContext | None = None

    def __post_init__(self) -> None:
        """Refuse what would give the password away."""
        if self.username is not None and self.tls is Tls.NONE:
            raise ValueError("username: a password is sent over TLS only; set tls to starttls or implicit")

    def __repr__(self) -> str:
        """Without the password, so that no log shows it."""
        return f"Relay({self.host}:{self.port}, tls={self.tls})"
