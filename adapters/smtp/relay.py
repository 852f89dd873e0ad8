"""The settings of the mail relay: where it is, how to connect to it, and how much may be asked of it."""

from __future__ import annotations

import re
import ssl
from enum import StrEnum
from ipaddress import IPv6Address, ip_address
from typing import Final

from msgspec import Struct

_LONGEST_NAME: Final = 253
_LABEL: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?")
_NUMBERS: Final = re.compile(r"[0-9.]+")


class Tls(StrEnum):
    """How the connection is encrypted. There is no way back to plain text where encryption was asked for."""

    NONE = "none"
    STARTTLS = "starttls"
    """After the greeting (RFC 3207)."""
    IMPLICIT = "implicit"
    """From the first byte (RFC 8314, section 3.3)."""


class Relay(Struct, frozen=True, kw_only=True):
    """A mail relay, and how much may be asked of it.

    `timeout` is how long to wait for each reply, in seconds. All that comes before a message's content may take twice
    as long. `final_timeout` is the wait for the reply to the message itself, which a relay may scan and store first.
    (RFC 5321, section 4.5.3.2, allows 5 and 10 minutes.)

    At most `connections` are open at a time. Each takes `messages_per_connection` messages, and is closed when nothing
    was sent on it for `idle_timeout` seconds: relays close idle connections themselves, and limit how many are open.

    `hello` is the name to greet with, by default this machine's full name: see `greeting_name`. `tls_context` replaces
    the system's certificates and rules. Without TLS only a relay on this machine is used, unless `plain_text_allowed`;
    a password is never sent without TLS. Raises ValueError for settings that can't be used.
    """

    host: str
    port: int
    tls: Tls = Tls.STARTTLS
    username: str | None = None
    password: str | None = None
    timeout: float = 30.0
    final_timeout: float = 120.0
    connections: int = 8
    messages_per_connection: int = 100
    idle_timeout: float = 30.0
    hello: str | None = None
    tls_context: ssl.SSLContext | None = None
    plain_text_allowed: bool = False

    def __post_init__(self) -> None:
        """Refuse settings that would give a password or messages away, and those with which nothing could be sent."""
        if self.username is not None and self.tls is Tls.NONE:
            raise ValueError("username: a password is sent over TLS only; set tls to starttls or implicit")
        if self.tls is Tls.NONE and not self.plain_text_allowed and not is_loopback(self.host):
            raise ValueError(
                f"tls: none would send every message to {self.host} in plain text; set tls to starttls or implicit, "
                "or plain_text_allowed (--plain-text-allowed) where nobody can listen on the way"
            )
        if self.hello is not None:
            greeting_name(self.hello)
        if self.connections < 1 or self.messages_per_connection < 1:
            raise ValueError("connections and messages_per_connection are at least 1")
        if min(self.timeout, self.final_timeout, self.idle_timeout) <= 0:
            raise ValueError("timeout, final_timeout and idle_timeout are more than 0 seconds")

    def __repr__(self) -> str:
        """Without the password, so that no log shows it."""
        return f"Relay({self.host}:{self.port}, tls={self.tls})"


def greeting_name(name: str) -> str:
    """A name for EHLO: a domain name in ASCII, or an address literal such as `[192.0.2.1]` (RFC 5321, section 4.1.3).

    Raises ValueError for what is neither: relays refuse it, some before they say why.
    """
    literal = name[1:-1] if name.startswith("[") and name.endswith("]") else None
    if literal is None:
        if len(name) <= _LONGEST_NAME and all(map(_LABEL.fullmatch, name.split("."))) and not _NUMBERS.fullmatch(name):
            return name
        raise ValueError(f"{name!r} is not a domain name in ASCII, nor an address in brackets")
    try:
        address = ip_address(literal.removeprefix("IPv6:"))
    except ValueError:
        raise ValueError(f"{name!r} is not an address in brackets: [192.0.2.1] or [IPv6:2001:db8::1]") from None
    if isinstance(address, IPv6Address) != literal.startswith("IPv6:"):
        raise ValueError(f"{name!r} is not an address in brackets: IPv6: stands before one of IPv6, and no other")
    return name


def is_loopback(host: str) -> bool:
    """Whether this name or address is this machine's own for sure (RFC 6761, section 6.3; RFC 1122; RFC 4291)."""
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.rstrip(".").lower() == "localhost"
