"""Events in files: one JSON object a line, or one alone."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path

import msgspec

from schemas.event import Event, read_event
from schemas.reading import without_mark
from schemas.refusal import RefusedError


class Line(msgspec.Struct, frozen=True):
    """A line of a file of events: the event, or why it is refused. `number` counts from 1."""

    number: int
    raw: bytes
    event: Event | None
    refused: RefusedError | None

    @property
    def event_id(self) -> str | None:
        """The event's id, also where the event is refused and an id can be seen."""
        if self.event is not None:
            return self.event.id
        try:
            whole = msgspec.json.decode(self.raw)
        except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
            return None
        found = whole.get("id") if isinstance(whole, dict) else None
        return found if isinstance(found, str) else None


def read_lines(path: Path, received: datetime) -> Iterator[Line]:
    """The events of a JSONL file (`-`: standard input), one line in memory at a time; blank lines are passed over."""
    stream = sys.stdin.buffer if str(path) == "-" else path.open("rb")
    with stream:
        for number, raw in enumerate(stream, start=1):
            text = without_mark(raw).strip()
            if text:
                yield line_of(number, text, received)


def read_one(path: Path, received: datetime) -> Line:
    """The one event of a file, on as many lines as it likes. Standard input where the path is `-`."""
    raw = sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes()
    return line_of(1, without_mark(raw).strip(), received)


def line_of(number: int, raw: bytes, received: datetime, headers: Mapping[str, bytes] | None = None) -> Line:
    """An event that was read, or why it is refused. `headers` are those of its record, where it is one."""
    try:
        return Line(number, raw, read_event(raw, received, headers), None)
    except RefusedError as error:
        return Line(number, raw, None, error)
