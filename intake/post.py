"""A post as it came, before anything of it is believed or read."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct

from schemas.trace_context import TraceContext


class Post(Struct, frozen=True):
    """One post of a helpdesk. `body` is what came, byte by byte: a signature is of bytes, not of what they mean."""

    body: bytes
    headers: Mapping[str, str]
    """By name in lower case. Each byte of a value is one character, as in ISO 8859-1.

    Of a header that came twice, the values are joined by a comma (RFC 9110, section 5.2).
    """

    received: datetime
    """In UTC."""

    through_proxy: bool = False
    """Whether it came from an address that is trusted to be the server in front."""

    trace: TraceContext | None = None
    """What its event carries on."""
