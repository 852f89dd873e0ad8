"""Forms of text that several settings have."""

from __future__ import annotations

import re
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Final
from urllib.parse import urlsplit

from outcomes.signing import Secret
from schemas.named_mailbox import NoMailboxError, named_mailbox
from sender.proof import SHORTEST_SECRET
from tocsin.config.settings.kinds import MASK, Text

_PORTS = 1 << 16

# Kafka takes names of at most 249: what stands behind it needs the rest.
_PREFIX: Final = re.compile(r"[A-Za-z0-9._-]{0,200}")

_TOKEN: Final = re.compile(r"[A-Za-z0-9._~+/-]{16,}=*")

_HOOK: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")

_NO_URL: Final = re.compile(r"[^/@\s]+")


def host_and_port(text: str, lowest: int = 1) -> tuple[str, int]:
    """Host and port of HOST:PORT. Raises ValueError where they are none; port 0 is any that is free."""
    host, colon, port = text.rpartition(":")
    # Whoever writes a URL may have written a password into it.
    shown = f"{MASK}@{text.rpartition('@')[2]}" if "@" in text else text
    if not (colon and host and port.isascii() and port.isdigit() and lowest <= int(port) < _PORTS):
        raise ValueError(f"{shown!r} is not of the form HOST:PORT")
    if not _NO_URL.fullmatch(host):
        # Taken for a host's name it would be looked up, and found nowhere.
        raise ValueError(f"{shown!r} is not of the form HOST:PORT: leave out what stands before the host's name")
    return host.strip("[]"), int(port)


def brokers(text: str) -> tuple[str, ...]:
    """Each HOST:PORT of a list with commas between them. Raises ValueError."""
    found = tuple(one.strip() for one in text.split(",") if one.strip())
    for one in found or ("",):
        host_and_port(one)
    return found


def writer(text: str) -> tuple[str, str]:
    """Name and address of who writes, who is one. Raises ValueError."""
    try:
        found = named_mailbox(text)
    except NoMailboxError as error:
        why = f": {error}" if "@" in text else ""
        raise ValueError(f"{text!r} is not of the form 'Support <support@desk.example>'{why}") from None
    return found.name, found.address


def instance(text: str) -> None:
    """Raise ValueError for what is no name of a process."""
    if not text.replace("-", "").replace("_", "").replace(".", "").isalnum():
        raise ValueError(f"{text!r} is no name of a process: use letters, digits, '.', '_' and '-'")


def prefix(text: str) -> None:
    """Raise ValueError for what can't begin the name of a topic."""
    if not _PREFIX.fullmatch(text):
        raise ValueError(
            f"{text!r} can't begin the name of a topic: use ASCII letters, digits, '.', '_' and '-', up to 200"
        )


def listening(text: str) -> tuple[str, int]:
    """Where to listen. Raises ValueError."""
    return host_and_port(text, lowest=0)


def networks(text: str) -> tuple[IPv4Network | IPv6Network, ...]:
    """Addresses and networks of IP, blanks or commas between them: `127.0.0.0/8 ::1`. Raises ValueError."""
    return tuple(ip_network(one) for one in text.replace(",", " ").split())


def token(text: str) -> None:
    """Raise ValueError for what can't be a bearer token (RFC 6750, section 2.1), or is guessed too easily."""
    if not _TOKEN.fullmatch(text):
        # It may be a token but for one character, so it is not shown.
        raise ValueError("this is no token: use 16 or more letters, digits and -._~+/=, say of `openssl rand -hex 32`")


def hook_secrets(text: str) -> dict[str, list[str]]:
    """The secrets of each hook, of HOOK=SECRET pairs. Raises ValueError, without the value, for what is none."""
    found: dict[str, list[str]] = {}
    for number, pair in enumerate(text.split(), 1):
        hook, _, secret = pair.partition("=")
        if not _HOOK.fullmatch(hook) or len(secret) < SHORTEST_SECRET:
            needed = f"HOOK=SECRET with a secret of {SHORTEST_SECRET} or more characters"
            # It may be a secret, so it is not shown.
            raise ValueError(f"number {number} of what stands there is not {needed}")
        found.setdefault(hook, []).append(secret)
    return found


def site(text: str) -> None:
    """Raise ValueError for what is no web site as a whole: scheme and host, perhaps a port, and no path."""
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
        raise ValueError(f"{text!r} is not of the form https://HOST")
    if parts.path.strip("/") or parts.query or parts.fragment:
        raise ValueError(f"{text!r} has a path: leave out what stands behind the host's name")


def endpoint_secrets(text: str) -> dict[str, list[Secret]]:
    """The secrets of each endpoint, of ENDPOINT=whsec_… pairs. Raises ValueError, without the value, for others."""
    found: dict[str, list[Secret]] = {}
    for number, pair in enumerate(text.split(), 1):
        endpoint, _, secret = pair.partition("=")
        try:
            made = Secret(secret)
        except ValueError as error:
            raise ValueError(f"number {number} of what stands there is not ENDPOINT=whsec_…: {error}") from None
        if not _HOOK.fullmatch(endpoint):
            # The secret itself may stand there.
            raise ValueError(f"number {number} of what stands there is not ENDPOINT=whsec_…: it names no endpoint")
        found.setdefault(endpoint, []).append(made)
    return found


BROKERS = Text("of the form HOST:PORT, with commas between them", brokers)
RELAY = Text("of the form HOST:PORT", host_and_port)
LISTEN = Text("of the form HOST:PORT", listening)
WRITER = Text("of the form 'Support <support@desk.example>'", writer)
INSTANCE = Text("a name of letters, digits, '.', '_' and '-'", instance)
NETWORKS = Text("addresses and networks such as 127.0.0.0/8 ::1", networks)
TOKEN = Text("a token of 16 or more letters, digits and -._~+/=", token)
PREFIX = Text("up to 200 ASCII letters, digits, '.', '_' and '-'", prefix)
HOOK_SECRETS = Text("HOOK=SECRET, blanks or line ends between several", hook_secrets)
SITE = Text("of the form https://HOST", site)
ENDPOINT_SECRETS = Text("ENDPOINT=whsec_…, blanks or line ends between several", endpoint_secrets)
TEXT = Text()
