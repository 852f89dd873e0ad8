"""The last line of defence: whatever a line was given, no address, phone number or secret is written.

Lines are written without them in the first place. This is for what others say: libraries, operating system, relays.
"""

from __future__ import annotations

import re
import sys
import traceback
from collections.abc import Collection, Iterable, Mapping
from datetime import date, timedelta
from itertools import islice
from pathlib import PurePath
from typing import Any, Final
from uuid import UUID

import msgspec

ADDRESS: Final = "[address]"
NUMBER: Final = "[number]"
SECRET: Final = "[secret]"  # noqa: S105 - what stands in for one

LONGEST: Final = 1_000
"""Characters of a value that are shown."""
READ: Final = 16_384
"""Characters of a value that are looked through. A longer one is not shown at all: a cut might halve an address."""
MOST: Final = 50
"""Entries of a list or mapping that are shown."""
DEEPEST: Final = 4
"""Mappings and lists within each other that are shown."""

IDS: Final = frozenset({"event_id", "ticket_id", "job_id", "trace_id", "span_id", "rulebook", "record"})
"""Fields whose value may be a long number: that is no phone number, and lines are found by it."""

_AT: Final = "[@\uff20\ufe6b]|%40"
_SUSPECT: Final = re.compile(rf"{_AT}|\d(?:[^\w]{{0,3}}\d){{6}}")
_ASCII_NUMBER: Final = re.compile(r"[0-9](?:[^0-9A-Za-z_]{0,3}[0-9]){6}")
_WORD: Final = r"[^\s<>,;:\"]"
_NO_AT: Final = rf"(?:(?!{_AT}){_WORD})"
# The local part: words and quoted words (RFC 5322, section 3.4.1) in any script, far longer than the 64 octets that are
# allowed, but not without end; then everything up to a separator.
_ADDRESS: Final = re.compile(
    rf"(?<![^\s<>,;:\"])(?:{_NO_AT}*+\"(?:\\.|[^\"\\]){{0,256}}+\")*+{_NO_AT}*+(?:{_AT})(?:\[[^\]\s]*\]|{_WORD})*",
    re.DOTALL,
)
_QUOTED: Final = re.compile(rf"\"(?:\\.|[^\"\\]){{0,256}}+\"{_NO_AT}*+(?:{_AT})(?:\[[^\]\s]*\]|{_WORD})*", re.DOTALL)
_BETWEEN: Final = r"[ \u00a0\u2007\u2009\u202f./()\-\u2010-\u2015]{0,3}"
"""What stands between the digits of a number, the narrow blanks of French typography among it."""
_NUMBER: Final = re.compile(rf"(?<![\w.])(?<!\d:)(?:\+|\(\+?)?\d(?:{_BETWEEN}\d){{6,}}(?![\w])")
_SHORTEST_NUMBER: Final = 8
"""Digits (E.164 has up to 15, and no number that is called from elsewhere has fewer)."""
_NO_NUMBER: Final = re.compile(
    r"\d{4}-\d\d-\d\d(?: \d\d)?"  # a date, perhaps with an hour behind it
    r"|\d{1,3}(?:\.\d{1,3}){3}"  # an address of IPv4
)


_TOLD: Final = (str, PurePath, date, timedelta, UUID)
"""Values, besides numbers, whose text is shown."""
_PLAIN: Final = frozenset({str, int, float, bool, type(None)})


def is_plain(event: Mapping[str, Any]) -> bool:
    """Whether a line holds nothing but texts, numbers and lists of them."""
    return all(
        type(value) in _PLAIN or (type(value) is list and all(type(one) in _PLAIN for one in value))
        for value in event.values()
    )


class Redactor:
    """Makes values fit for a log. `secrets` are hidden wherever they stand, whatever field it is."""

    def __init__(self, secrets: Collection[str] = ()) -> None:
        # The longest first, in case that one holds another.
        words = sorted(secrets, key=len, reverse=True)
        self._secrets = re.compile("|".join(map(re.escape, words))) if words else None
        # A secret with a quote in it looks otherwise within JSON.
        self._in_json = {form for word in words for form in (word, msgspec.json.encode(word).decode()[1:-1])}

    def is_clean(self, line: str) -> bool:
        """Whether a line of JSON, all of plain values, can be written as it is, as nearly all can: a quick look."""
        return (
            len(line) <= LONGEST
            and line.isascii()
            and "@" not in line
            and "%40" not in line
            and _ASCII_NUMBER.search(line) is None
            and not any(secret in line for secret in self._in_json)
        )

    def event(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """All fields of a line, fit for a log."""
        return {name: self._of(value, DEEPEST, name in IDS) for name, value in event.items()}

    def text(self, text: str, is_id: bool = False) -> str:
        """A text without addresses, phone numbers (unless it `is_id`) and secrets, of bounded length."""
        if len(text) > READ:
            return f"[text of {len(text)} characters]"
        if not text.isascii():
            # Half of a pair of surrogates can't be written.
            text = text.encode("utf-8", "backslashreplace").decode()
        if self._secrets is not None:
            text = self._secrets.sub(SECRET, text)
        if _SUSPECT.search(text) is not None:
            text = _QUOTED.sub(ADDRESS, _ADDRESS.sub(ADDRESS, text))
            text = text if is_id else _NUMBER.sub(_number, text)
        return text if len(text) <= LONGEST else text[:LONGEST] + "…"

    def _of(self, value: Any, depth: int, is_id: bool = False) -> Any:
        if value is None or isinstance(value, bool | int | float):
            return value
        if type(value) is str:
            return self.text(value, is_id)
        if depth and isinstance(value, Mapping):
            kept = islice(value.items(), MOST)
            return {self.text(str(name)): self._of(one, depth - 1, name in IDS) for name, one in kept}
        if depth and isinstance(value, list | tuple | set | frozenset):
            return self._list(value, depth - 1)
        # What shows all its fields would show addresses and texts: of a job, an event, a record.
        return self.text(str(value), is_id) if isinstance(value, _TOLD) else f"<{type(value).__name__}>"

    def _list(self, values: Collection[Any], depth: int) -> list[Any]:
        kept: Iterable[Any] = islice(values, MOST)
        more = [f"… {len(values) - MOST} more"] if len(values) > MOST else []
        return [*(self._of(one, depth) for one in kept), *more]


def _number(found: re.Match[str]) -> str:
    text = found[0]
    is_short = sum(map(str.isdigit, text)) < _SHORTEST_NUMBER
    return text if is_short or _NO_NUMBER.fullmatch(text) else NUMBER


MOST_FRAMES: Final = 20
_OUR_WORDS: Final = ("tocsin", "engine", "sender", "schemas", "adapters", "kafka")


def failure_fields(error: BaseException, with_message: bool = False) -> dict[str, Any]:
    """The fields of a line about an error: `error`, `said` where that is safe, and `frames`, the innermost last."""
    fields: dict[str, Any] = {"error": type(error).__name__}
    said = str(error) if with_message else _safe_words(error)
    if said:
        fields["said"] = said
    frames = traceback.extract_tb(error.__traceback__)[-MOST_FRAMES:]
    fields["frames"] = [f"{PurePath(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames]
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if cause is not None:
        fields["cause"] = type(cause).__name__
    return fields


def error_in(info: Any) -> BaseException | None:
    """The error in what logging calls `exc_info`."""
    if isinstance(info, BaseException):
        return info
    if isinstance(info, tuple):
        error = info[1]
        return error if isinstance(error, BaseException) else None
    return sys.exc_info()[1] if info else None


def _safe_words(error: BaseException) -> str | None:
    if isinstance(error, OSError):
        return error.strerror
    package = type(error).__module__.partition(".")[0]
    return str(error) if package in _OUR_WORDS else None
