"""Attributes in HTTP headers (HTTP binding of CloudEvents 1.0.2, section 3.1.3)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final
from urllib.parse import unquote_to_bytes

from schemas.refusal import Refusal, RefusedError, refuse

PREFIX: Final = "ce-"
"""The prefix of headers that hold attributes (section 3.1.3.1)."""

RawHeaders = Iterable[tuple[bytes, bytes]]
"""Headers as they came: names in any case, values as bytes."""

_QUOTED: Final = re.compile(rb'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_ESCAPED: Final = re.compile(rb"\\(.)", re.DOTALL)


def attributes_in(headers: RawHeaders) -> dict[str, str]:
    """The attributes in headers, by their names. Raises RefusedError for one that is there twice, or no UTF-8."""
    found: dict[str, str] = {}
    for raw_name, raw in headers:
        name = raw_name.decode("latin-1").lower()
        if name.startswith(PREFIX):
            attribute = name.removeprefix(PREFIX)
            if attribute in found:
                raise RefusedError(
                    "invalid_field", Refusal(attribute, f"the header {name} is there twice: send it once")
                )
            found[attribute] = decoded(attribute, raw)
    return found


def decoded(attribute: str, raw: bytes) -> str:
    """The value of a header: out of its quotes, then percent-decoded once (section 3.1.3.2). Raises RefusedError."""
    raw = raw.strip(b" \t")
    quoted = _QUOTED.fullmatch(raw)
    plain = raw if quoted is None else _ESCAPED.sub(rb"\1", quoted[1])
    try:
        return unquote_to_bytes(plain).decode()
    except UnicodeDecodeError:
        reason = "percent-decoded, the header is not UTF-8: encode the text as UTF-8 first"
        raise refuse(attribute, raw.decode("latin-1"), reason, "not_utf8") from None


def header(headers: RawHeaders, wanted: str) -> str:
    """The value of a header as it is; empty where it is not there."""
    return next((raw.decode("latin-1") for name, raw in headers if name.decode("latin-1").lower() == wanted), "")
