"""What every answer of an HTTP server has, and the short answers that say no more than their status."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from email.utils import formatdate
from http import HTTPStatus
from typing import Final

HEADERS: Final[Mapping[str, str]] = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'",
    "Referrer-Policy": "no-referrer",
    "Server": "tocsin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex, nofollow",
}
"""Of every answer, unless it has its own: nothing of it is kept, framed, found or told to other sites."""

_ENCODED: Final = [
    (name.lower().encode("ascii"), name.encode("ascii"), value.encode()) for name, value in HEADERS.items()
]


def phrase(status: int) -> str:
    """An answer's text that says what its status says."""
    return f"{HTTPStatus(status).phrase}\n"


def with_headers(own: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """The header fields of an answer, and those of `HEADERS` that it lacks."""
    given = [*own]
    names = {name.lower() for name, _ in given}
    return given + [(name, value) for lower, name, value in _ENCODED if lower not in names]


def last_answer(status: int, **more: str) -> bytes:
    """A whole answer, as it is sent, after which the connection is closed. `more` are header fields, `_` for `-`."""
    text = phrase(status)
    fields = {
        "Date": formatdate(usegmt=True),
        **HEADERS,
        "Content-Type": "text/plain; charset=utf-8",
        "Content-Length": str(len(text)),
        "Connection": "close",
        **{name.replace("_", "-"): value for name, value in more.items()},
    }
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}", *(f"{name}: {value}" for name, value in fields.items())]
    return ("\r\n".join(lines) + "\r\n\r\n" + text).encode("ascii")
