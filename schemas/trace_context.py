"""W3C Trace Context, in headers of records and in the distributed tracing extension of CloudEvents.

It is for traces and logs only: no decision and no id depends on it. A context that can't be read counts as none.
"""

from __future__ import annotations

import codecs
import re
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta, Struct

from schemas.log import Headers, Record

# Version ff and ids of zeros alone are invalid. A later version may have more behind the flags (section 3.2).
_PARENT: Final = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(-.*)?")
_LONGEST_PARENT: Final = 128
_LONGEST_STATE: Final = 512
"""Characters (section 3.3.1.1)."""


class TraceContext(Struct, frozen=True, omit_defaults=True):
    """Which trace a record belongs to, and which span of it wrote it."""

    traceparent: Annotated[str, Meta(description="Version, trace id, span id and flags (W3C Trace Context).")]
    tracestate: Annotated[str | None, Meta(description="What tracing systems add, as it came.")] = None

    @property
    def headers(self) -> Headers:
        """The headers that carry it on."""
        parent = ("traceparent", self.traceparent.encode())
        return (parent,) if self.tracestate is None else (parent, ("tracestate", self.tracestate.encode()))

    @property
    def extension(self) -> dict[str, str]:
        """The attributes of a CloudEvent that carry it on (Distributed Tracing extension)."""
        state = {} if self.tracestate is None else {"tracestate": self.tracestate}
        return {"traceparent": self.traceparent, **state}

    @property
    def ids(self) -> dict[str, str]:
        """Its ids, as lines of the log name them."""
        _version, trace_id, span_id, *_ = self.traceparent.split("-")
        return {"trace_id": trace_id, "span_id": span_id}


def trace_context_of(record: Record) -> TraceContext | None:
    """The context with which a record came: from its headers, else from the CloudEvent in it."""
    headers = dict(record.headers)
    for prefix in ("", "ce_"):
        found = _context(_text(headers.get(prefix + "traceparent")), _text(headers.get(prefix + "tracestate")))
        if found is not None:
            return found
    # Only a value that has the attribute is decoded for it.
    if record.value is None or b'"traceparent"' not in record.value:
        return None
    try:
        attributes = _ATTRIBUTES.decode(record.value.removeprefix(codecs.BOM_UTF8))
    except (ValueError, RecursionError):
        return None
    return _context(attributes.traceparent, attributes.tracestate)


def trace_context_in(parent: str | None, state: str | None) -> TraceContext | None:
    """The context of two HTTP header fields; None where they hold none."""
    return _context(parent, state)


class _Attributes(Struct):
    """The attributes of the extension, of whatever type they are."""

    traceparent: Any = None
    tracestate: Any = None


_ATTRIBUTES: Final = msgspec.json.Decoder(_Attributes)


def _context(parent: object, state: object) -> TraceContext | None:
    if not isinstance(parent, str) or len(parent) > _LONGEST_PARENT or not _PARENT.fullmatch(parent):
        return None
    # A bad tracestate is lost alone: the trace goes on without it.
    kept = isinstance(state, str) and 0 < len(state) <= _LONGEST_STATE and state.isascii() and state.isprintable()
    return TraceContext(parent, str(state) if kept else None)


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode("ascii", "replace")
