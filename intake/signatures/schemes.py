"""The schemes that sign: where each has its signature, of which bytes, in which letters."""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from msgspec import Struct

from intake.post import Post
from schemas.signature import Scheme

Key = Callable[[str], bytes]
"""The key that a secret stands for."""

_STANDARD_PREFIX: Final = "whsec_"
_MOST_SIGNATURES: Final = 8

_WINDOW: Final = timedelta(minutes=5)
"""As Standard Webhooks advise."""

_GLPI_WINDOW: Final = timedelta(days=3)
"""GLPI signs when it puts a post into its queue, and keeps that time when it repeats it."""

_GLPI_TIME: Final = "x-glpi-timestamp"
_ZENDESK_TIME: Final = "x-zendesk-webhook-signature-timestamp"
_STANDARD_ID: Final = "webhook-id"
_STANDARD_TIME: Final = "webhook-timestamp"


class SignedScheme(Struct, frozen=True):
    """One scheme. A value of its header is refused unless it is the digest, under one of the secrets, of what it signs.

    `values` gives what the header holds as algorithms and digests; a value that it can't be is left out.
    `window` is how old a post may be where a time is signed; None: none is.
    """

    header: str
    values: Callable[[str], Sequence[tuple[str, bytes]]]
    signed: Callable[[Post], bytes | None]
    """The bytes that are signed; None where a header that belongs to them is missing."""

    key: Key
    time: Callable[[Post], datetime | None] | None = None
    """When it was signed; None where its header holds no time."""

    window: timedelta | None = None

    def is_signed(self, given: str, content: bytes, secrets: Sequence[str]) -> bool:
        """Whether one of the header's values is a digest of the content. Takes the same time whichever it is."""
        found = False
        for algorithm, digest in self.values(given):
            for secret in secrets:
                expected = hmac.digest(self.key(secret), content, algorithm)
                found |= hmac.compare_digest(expected, digest)
        return found


def _utf8(secret: str) -> bytes:
    return secret.encode()


def _standard_key(secret: str) -> bytes:
    """A key of Standard Webhooks is base64 behind its prefix. Other text stands for its own bytes."""
    if not secret.startswith(_STANDARD_PREFIX):
        return secret.encode()
    return _of_base64(secret.removeprefix(_STANDARD_PREFIX)) or secret.encode()


def _hub_values(text: str) -> list[tuple[str, bytes]]:
    """`sha1=` or `sha256=` and hexadecimal digits (WebSub, section 8)."""
    method, _, digits = text.partition("=")
    digest = _of_hex(digits)
    return [(method, digest)] if method in {"sha1", "sha256"} and digest else []


def _hex_values(text: str) -> list[tuple[str, bytes]]:
    digest = _of_hex(text)
    return [("sha256", digest)] if digest else []


def _base64_values(algorithm: str) -> Callable[[str], list[tuple[str, bytes]]]:
    def values(text: str) -> list[tuple[str, bytes]]:
        digest = _of_base64(text)
        return [(algorithm, digest)] if digest else []

    return values


def _standard_values(text: str) -> list[tuple[str, bytes]]:
    """Signatures with a version each, apart by blanks: several while keys are changed. Version 1 is HMAC-SHA256."""
    versions = (one.partition(",") for one in text.split(" ")[:_MOST_SIGNATURES])
    digests = (_of_base64(signature) for version, _, signature in versions if version == "v1")
    return [("sha256", digest) for digest in digests if digest]


def _of_hex(text: str) -> bytes | None:
    try:
        return binascii.unhexlify(text)
    except ValueError:
        return None


def _of_base64(text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        return None


def _bytes(header: str) -> bytes:
    return header.encode("latin-1", "replace")


def _body(post: Post) -> bytes:
    return post.body


def _glpi(post: Post) -> bytes | None:
    time = post.headers.get(_GLPI_TIME)
    return None if time is None else post.body + _bytes(time)


def _zendesk(post: Post) -> bytes | None:
    time = post.headers.get(_ZENDESK_TIME)
    return None if time is None else _bytes(time) + post.body


def _standard(post: Post) -> bytes | None:
    name, time = post.headers.get(_STANDARD_ID), post.headers.get(_STANDARD_TIME)
    return None if name is None or time is None else _bytes(f"{name}.{time}.") + post.body


def _epoch(header: str) -> Callable[[Post], datetime | None]:
    def time(post: Post) -> datetime | None:
        text = post.headers.get(header, "")
        # int() also takes blanks, signs, underscores and the digits of other scripts.
        if not text.isascii() or not text.isdigit():
            return None
        try:
            return datetime.fromtimestamp(int(text), UTC)
        except (ValueError, OverflowError, OSError):
            return None

    return time


def _iso(header: str) -> Callable[[Post], datetime | None]:
    def time(post: Post) -> datetime | None:
        try:
            read = datetime.fromisoformat(post.headers.get(header, ""))
        except ValueError:
            return None
        return read.astimezone(UTC) if read.tzinfo is not None else None

    return time


SIGNED_SCHEMES: Final[Mapping[Scheme, SignedScheme]] = {
    Scheme.HUB: SignedScheme("x-hub-signature", _hub_values, _body, _utf8),
    Scheme.GLPI: SignedScheme("x-glpi-signature", _hex_values, _glpi, _utf8, _epoch(_GLPI_TIME), _GLPI_WINDOW),
    Scheme.ZENDESK: SignedScheme(
        "x-zendesk-webhook-signature", _base64_values("sha256"), _zendesk, _utf8, _iso(_ZENDESK_TIME), _WINDOW
    ),
    Scheme.FREESCOUT: SignedScheme("x-freescout-signature", _base64_values("sha1"), _body, _utf8),
    Scheme.STANDARD_WEBHOOKS: SignedScheme(
        "webhook-signature", _standard_values, _standard, _standard_key, _epoch(_STANDARD_TIME), _WINDOW
    ),
}

LONGEST_WINDOW: Final = max(scheme.window for scheme in SIGNED_SCHEMES.values() if scheme.window is not None)
"""How long ago a post may have been signed, by the scheme that allows the most."""
