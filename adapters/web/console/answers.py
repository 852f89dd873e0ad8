"""What a screen answers with, before it is a response of HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, TypeAlias

from msgspec import Struct, field


class Page(Struct, frozen=True):
    """A page: its template below `templates/`, and what the template is given."""

    template: str
    given: Mapping[str, Any] = field(default_factory=dict)
    status: int = HTTPStatus.OK


class Moved(Struct, frozen=True):
    """To another page of ours, by GET (RFC 9110, 15.4.4). `secret` begins the browser's session; empty: it ends."""

    to: str
    secret: str | None = None


class Document(Struct, frozen=True):
    """Anything else. `policy` is its own Content-Security-Policy."""

    content: bytes
    media_type: str
    headers: Mapping[str, str] = field(default_factory=dict)


class Refused(Struct, frozen=True):
    """A page that says why nothing was done: `word` is the key of its words."""

    status: int
    word: str
    values: Mapping[str, object] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)


Answer: TypeAlias = Page | Moved | Document | Refused


def refused(status: HTTPStatus) -> Refused:
    """The page of this status."""
    return Refused(status, f"error.{status.value}")


NOT_FOUND = refused(HTTPStatus.NOT_FOUND)
