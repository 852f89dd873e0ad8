"""Reads records from JSON Lines: one JSON object on each line, and one line in memory at a time."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import BufferedReader
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Struct

from adapters.files.directory_problems import STANDS_TWICE
from adapters.files.opening import folder_around, open_regular
from schemas.directory import MAX_RECORD_BYTES, Record, read_record
from schemas.refusal import Refusal, RefusedError

MAX_FILE_BYTES: Final = 4 * 1_073_741_824
"""Room for some ten million records. A larger file is no directory, but perhaps a damaged disk."""
LONGEST_LINE: Final = MAX_RECORD_BYTES + len(b"\r\n")
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
_UTF_16_MARKS: Final = (b"\xff\xfe", b"\xfe\xff")


@contextmanager
def lines_of_file(path: Path, name: str) -> Iterator[Iterator[tuple[int, bytes]]]:
    """The numbered lines of a file, whose path below its folder is `name`.

    Raises OSError, and RefusedError as `numbered_lines` does.
    """
    with open_regular(path, folder_around(path, name), MAX_FILE_BYTES) as file:
        yield numbered_lines(file)


def numbered_lines(file: BufferedReader) -> Iterator[tuple[int, bytes]]:
    """The lines that are not blank, with their numbers (from 1). A line that is too long is cut.

    A byte order mark at the start is skipped. Raises RefusedError if the file is UTF-16.
    """
    start = file.peek(3)[:3]
    if start[:2] in _UTF_16_MARKS:
        raise RefusedError("not_utf8", Refusal("", "the file is UTF-16: save it as UTF-8"))
    if start == _BYTE_ORDER_MARK:
        file.read(3)
    number = 0
    while line := file.readline(LONGEST_LINE + 1):
        number += 1
        if len(line) > LONGEST_LINE:
            _pass_rest(file, line)
        if not line.isspace():
            yield number, line


def _pass_rest(file: BufferedReader, line: bytes) -> None:
    while line and not line.endswith(b"\n"):
        line = file.readline(LONGEST_LINE)


def record_on(line: bytes) -> Record:
    """The record on one line. Raises RefusedError."""
    if len(line) > LONGEST_LINE:
        reason = f"the line has more than {MAX_RECORD_BYTES} bytes: write one record on each line, with shorter texts"
        raise RefusedError("too_large", Refusal("", reason))
    record = read_record(line)
    _check_keys(line)
    return record


def name_key_twice(line: bytes) -> str | None:
    """Whether `kind` or `id` is there twice in the object on a line: the name of that key, or None.

    If so, the line may hold two records.
    """
    # Decoding with pairs is slow, and nearly every line has each key once: look at the bytes first.
    if line.count(b'"kind"') < _TWICE and line.count(b'"id"') < _TWICE:
        return None
    try:
        pairs = _PAIRS.decode(line.decode())
    except (ValueError, RecursionError):
        return None
    keys = [pair[0] for pair in pairs if isinstance(pair, tuple)]
    return next((key for key in ("kind", "id") if keys.count(key) >= _TWICE), None)


def _check_keys(line: bytes) -> None:
    """Refuse a line in which any object has a key twice. The record's decoder would silently take the last one."""
    with suppress(json.JSONDecodeError, RecursionError):
        _DISTINCT.decode(line.decode())


def _distinct(pairs: list[tuple[str, Any]]) -> None:
    if len({key for key, _ in pairs}) < len(pairs):
        counts = Counter(key for key, _ in pairs)
        raise RefusedError("invalid_field", Refusal(max(counts, key=counts.__getitem__), STANDS_TWICE))


_TWICE: Final = 2
_PAIRS: Final = json.JSONDecoder(object_pairs_hook=list)
_DISTINCT: Final = json.JSONDecoder(object_pairs_hook=_distinct)


class _Name(Struct, frozen=True):
    kind: Any = None
    id: Any = None


_NAME: Final = msgspec.json.Decoder(_Name)
# For a line that is cut off: if it begins with kind and id, these can still be read.
_NAME_AT_START: Final = re.compile(rb'\s*\{\s*"kind"\s*:\s*"(\w{1,40})"\s*,\s*"id"\s*:\s*"([^"\\]{1,1024})"')


def name_on(line: bytes) -> tuple[str | None, str | None]:
    """Kind and id of a refused record, each None if it can't be read. An id that is a number is given as text."""
    try:
        name = _NAME.decode(line)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        found = _NAME_AT_START.match(line)
        return (found[1].decode(), found[2].decode(errors="replace")) if found else (None, None)
    number = isinstance(name.id, int) and not isinstance(name.id, bool)
    record_id = str(name.id) if number and abs(name.id) < 2**63 else name.id
    return _text(name.kind), _text(record_id)


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None
