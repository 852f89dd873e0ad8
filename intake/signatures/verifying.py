"""Whether a post comes from whom it says it does."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from enum import StrEnum
from typing import Final, TypeAlias

from intake.post import Post
from intake.signatures.schemes import SIGNED_SCHEMES, SignedScheme
from schemas.signature import NAMES_HEADER, Scheme, Signature

AHEAD: Final = timedelta(minutes=5)
"""How far a helpdesk's clock may be ahead of ours."""

PROXY_SAYS: Final = "success"
"""What the server in front says of a certificate that it has verified, in whatever case, as nginx and HAProxy do."""


class Doubt(StrEnum):
    """Why a post is not believed. It tells nobody what the signature should have been."""

    NO_SIGNATURE = "no_signature"
    """A header that the scheme needs is missing."""

    WRONG_SIGNATURE = "wrong_signature"
    """It is not that of any secret."""

    NO_TIME = "no_time"
    """The time that is signed can't be read."""

    TOO_OLD = "too_old"
    """It was signed longer ago than a post may be on its way."""

    AHEAD = "ahead"
    """It was signed later than now: one of the clocks is wrong."""

    NOT_THROUGH_PROXY = "not_through_proxy"
    """The server in front was gone round, so nothing tells who posts."""


_Check: TypeAlias = Callable[[Post], Doubt | None]


class Verifier:
    """Checks posts by one scheme. With several secrets any of them will do, so that they can be changed one by one."""

    def __init__(self, signature: Signature, secrets: Sequence[str] = ()) -> None:
        """Raises ValueError, with words for people, where the scheme needs a secret or a header that is not given."""
        if signature.scheme in NAMES_HEADER and signature.header is None:
            raise ValueError(f"the scheme `{signature.scheme}` needs `header`: the name of the header to look at")
        if signature.scheme not in {Scheme.PROXY, Scheme.NONE} and not any(secrets):
            raise ValueError(f"the scheme `{signature.scheme}` needs a secret")
        self._check = _check_of(signature, [one for one in secrets if one])

    def doubt(self, post: Post) -> Doubt | None:
        """Why this post is not to be believed, or None where it is. Takes the same time for every wrong secret."""
        return self._check(post)


def _check_of(signature: Signature, secrets: Sequence[str]) -> _Check:
    scheme = SIGNED_SCHEMES.get(signature.scheme)
    if scheme is not None:
        minutes = signature.window_minutes
        window = scheme.window if minutes is None else timedelta(minutes=minutes)
        return lambda post: _signed(scheme, secrets, window, post)
    header = (signature.header or "authorization").lower()
    sent = _SENT.get(signature.scheme)
    if sent is not None:
        return lambda post: _equal(post.headers.get(header), [sent(secret) for secret in secrets])
    if signature.scheme is Scheme.PROXY:
        return lambda post: _proxied(post, header)
    return lambda _post: None


def _signed(scheme: SignedScheme, secrets: Sequence[str], window: timedelta | None, post: Post) -> Doubt | None:
    given, content = post.headers.get(scheme.header), scheme.signed(post)
    if given is None or content is None:
        return Doubt.NO_SIGNATURE
    if not scheme.is_signed(given, content, secrets):
        return Doubt.WRONG_SIGNATURE
    if scheme.time is None or window is None:
        return None
    # The time is looked at last: what it says is worth something only once it is known to be signed.
    time = scheme.time(post)
    if time is None:
        return Doubt.NO_TIME
    if post.received - time > window:
        return Doubt.TOO_OLD
    return Doubt.AHEAD if time - post.received > AHEAD else None


def _bearer(secret: str) -> bytes:
    return b"bearer " + secret.encode()


def _basic(secret: str) -> bytes:
    return b"basic " + base64.b64encode(secret.encode())


_SENT: Final[Mapping[Scheme, Callable[[str], bytes]]] = {
    Scheme.BEARER: _bearer,
    Scheme.BASIC: _basic,
    Scheme.HEADER: str.encode,
}
"""Schemes that send the secret itself: what the header then holds, the scheme's name in small letters."""


def _equal(given: str | None, expected: Sequence[bytes]) -> Doubt | None:
    if given is None:
        return Doubt.NO_SIGNATURE
    written = _with_small_name(given).encode("latin-1", "replace")
    found = False
    for one in expected:
        found |= hmac.compare_digest(written, one)
    return None if found else Doubt.WRONG_SIGNATURE


def _with_small_name(given: str) -> str:
    """The name of an authentication scheme is in whatever case (RFC 9110, section 11.1); what follows is not."""
    name, blank, rest = given.partition(" ")
    small = name.lower()
    return f"{small}{blank}{rest.lstrip(' ')}" if small in {"bearer", "basic"} else given


def _proxied(post: Post, header: str) -> Doubt | None:
    if not post.through_proxy:
        return Doubt.NOT_THROUGH_PROXY
    said = post.headers.get(header)
    if said is None:
        return Doubt.NO_SIGNATURE
    return None if said.lower() == PROXY_SAYS else Doubt.WRONG_SIGNATURE
