"""The console's one cookie: the secret of a session (RFC 6265)."""

from __future__ import annotations

from typing import Final

from litestar.datastructures import Cookie

_SECURE: Final = "__Host-tocsin"
"""Browsers take it only with Secure, for the whole host and from that host itself (RFC 6265bis, section 4.1.3)."""

_PLAIN: Final = "tocsin_console"
"""For plain HTTP, as on the machine itself."""

_LONGEST: Final = 100


def name_of(is_secure: bool) -> str:
    """How the cookie is called."""
    return _SECURE if is_secure else _PLAIN


def secret_in(cookies: dict[str, str], is_secure: bool) -> str | None:
    """The secret that a browser gives."""
    secret = cookies.get(name_of(is_secure))
    return secret if secret and len(secret) <= _LONGEST else None


def cookie(secret: str, is_secure: bool) -> Cookie:
    """Sets the secret, until the browser is closed; an empty one takes the cookie away.

    How long a session goes on, the server knows: the browser is not relied on for that.
    """
    return Cookie(
        key=name_of(is_secure),
        value=secret,
        path="/",
        secure=is_secure,
        httponly=True,
        samesite="lax",
        max_age=None if secret else 0,
    )
