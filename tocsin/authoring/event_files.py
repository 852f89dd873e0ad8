"""Events in files: one JSON object a line, or one alone."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import BinaryIO, Final

import msgspec

from adapters.files.opening import open_regular, read_bounded
from schemas.event import MAX_EVENT_BYTES, Event, read_event
from schemas.reading import without_mark
from schemas.refusal import RefusedError

BATCH: Final = 200
"""Events that are judged together: the rules are asked once for all of them."""

_LONGEST: Final = 2 * MAX_EVENT_BYTES
"""Bytes of a line that are read: blanks around the event and a byte order mark are allowed for."""


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
        # A line that is refused may show its id all the same: whoever mends the event finds it by that.
        found = whole.get("id") if isinstance(whole, dict) else None
        return found if isinstance(found, str) else None


class Batch(msgspec.Struct, frozen=True):
    """Lines whose events are judged together, each as at `at`, or at its own time where that is None."""

    lines: list[Line]
    at: datetime | None

    @property
    def cases(self) -> list[tuple[Event, datetime]]:
        """The events that can be read, in their order, each with the time by which it is judged."""
        return [(line.event, self.at or line.event.time) for line in self.lines if line.event is not None]

    @property
    def refused(self) -> int:
        """How many lines hold no event that can be read."""
        return sum(line.event is None for line in self.lines)

    @property
    def size(self) -> int:
        """The bytes of the lines, with the end of each."""
        return sum(len(line.raw) + 1 for line in self.lines)


def batches(lines: Iterable[Line], at: datetime | None) -> Iterator[Batch]:
    """All lines, so many at a time as are judged together."""
    rest = iter(lines)
    while batch := list(islice(rest, BATCH)):
        yield Batch(batch, at)


def read_lines(path: Path, received: datetime) -> Iterator[Line]:
    """The events of a JSONL file (`-`: standard input), one line in memory at a time; blank lines are passed over.

    Raises OSError; a pipe is read as standard input only.
    """
    for number, text in raw_lines(path):
        yield line_of(number, text, received)


def raw_lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """The lines of a JSONL file with their numbers, likewise. A line that is too long is cut, so that it is no JSON."""
    with sys.stdin.buffer if str(path) == "-" else open_regular(path) as stream:
        for number, raw in enumerate(_bounded_lines(stream), start=1):
            text = without_mark(raw).strip()
            if text:
                yield number, text


def _bounded_lines(stream: BinaryIO) -> Iterator[bytes]:
    """The lines. Of a line that is too long for an event, only the beginning, enough for it to be refused."""
    while line := stream.readline(_LONGEST):
        yield line
        while len(line) == _LONGEST and not line.endswith(b"\n"):
            line = stream.readline(_LONGEST)


def read_one(path: Path, received: datetime) -> Line:
    """The one event of a file, on as many lines as it likes. Standard input where the path is `-`."""
    raw = sys.stdin.buffer.read(_LONGEST) if str(path) == "-" else read_bounded(path, _LONGEST)
    return line_of(1, without_mark(raw).strip(), received)


def line_of(number: int, raw: bytes, received: datetime, headers: Mapping[str, bytes] | None = None) -> Line:
    """An event that was read, or why it is refused. `headers` are those of its record, where it is one."""
    try:
        return Line(number, raw, read_event(raw, received, headers), None)
    except RefusedError as error:
        return Line(number, raw, None, error)
