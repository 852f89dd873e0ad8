"""Checks that a directory file can be read as a whole, before any of it is used.

If a faulty record can still be named, by a known kind and its id, the fault is the record's and not the file's.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from adapters.files.directory_folder import JSONL
from adapters.files.jsonl_records import LONGEST_LINE, lines_of_file, name_key_twice, name_on
from adapters.files.yaml_records import YamlFaultError, says_something, yaml_records, yaml_text
from schemas.directory import MAX_RECORD_BYTES, RECORD_KINDS
from schemas.errors import InputError
from schemas.refusal import RefusedError

_TWICE_ON_LINE: Final = "the key `{}` stands twice on this line: write one record on each line"
_TWICE: Final = "the key `{}` stands twice in this record: if these are two records, begin the second with a dash"

_ANYTHING: Final = msgspec.json.Decoder(msgspec.Raw)


class UnreadableFileError(InputError, ValueError):
    """A file that can't be read as a whole. `line` (from 1, or None) is where the fault shows; `reason` says why."""

    def __init__(self, line: int | None, reason: str) -> None:
        super().__init__(reason)
        self.line = line
        self.reason = reason


class WholeFile(Struct, frozen=True):
    """A file that can be read.

    `is_blank`: it says nothing, not even that there are no records, as for a moment while an editor saves it.
    `ends_line`: its last line has a line break.
    """

    records: int
    is_blank: bool
    ends_line: bool


def check_whole(path: Path, name: str) -> WholeFile:
    """Check a file of JSON Lines or YAML; the ending of `name` decides which. Raises UnreadableFileError."""
    try:
        return _json_lines(path, name) if Path(name).suffix.lower() == JSONL else _yaml(path, name)
    except OSError as error:
        raise unreadable(error) from None
    except YamlFaultError as fault:
        raise UnreadableFileError(fault.line, fault.refusals[0].reason) from None
    except RefusedError as fault:
        raise UnreadableFileError(None, fault.refusals[0].reason) from None


def unreadable(error: OSError) -> UnreadableFileError:
    """The error for a file that can't be opened or read."""
    return UnreadableFileError(None, f"the file can't be read: {error.strerror or 'input or output error'}")


def _json_lines(path: Path, name: str) -> WholeFile:
    records, line = 0, b""
    with lines_of_file(path, name) as lines:
        for number, line in lines:
            reason = _fault_on(line)
            if reason is not None:
                raise UnreadableFileError(number, reason)
            records += 1
    return WholeFile(records, is_blank=records == 0, ends_line=line.endswith(b"\n"))


def _fault_on(line: bytes) -> str | None:
    """What is wrong with a line, if it is not the fault of one named record; None if nothing is."""
    if len(line) > LONGEST_LINE:
        return f"this line has more than {MAX_RECORD_BYTES} bytes: write one record on each line, with shorter texts"
    try:
        line.decode()
        _ANYTHING.decode(line)
    except UnicodeDecodeError:
        return "the file is not UTF-8: save it as UTF-8"
    except RecursionError:
        return "this line is nested too deeply to be read"
    except msgspec.MsgspecError as error:
        return f"this line is not JSON, perhaps it was cut off: {error}"
    twice = name_key_twice(line)
    return _fault_of_name(*name_on(line)) if twice is None else _TWICE_ON_LINE.format(twice)


def _yaml(path: Path, name: str) -> WholeFile:
    text, records = yaml_text(path, name), 0
    for one in yaml_records(text):
        reason = _fault_of_name(one.kind, one.id) if one.twice is None else _TWICE.format(one.twice)
        if reason is not None:
            raise UnreadableFileError(one.line, reason)
        records += 1
    return WholeFile(records, is_blank=not (records or says_something(text)), ends_line=text.endswith(("\n", "\r")))


def _fault_of_name(kind: str | None, record_id: str | None) -> str | None:
    if not kind or not record_id or not record_id.strip():
        return "this is no record with a kind and an id: write both, each as a word or a text in quotes"
    if kind not in RECORD_KINDS:
        # Nobody knows what such a record stands for, so the file can't be used without it.
        return f"this record's kind is none of {', '.join(RECORD_KINDS)}"
    return None
