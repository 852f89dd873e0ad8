"""On which lines of a TOML file its keys stand; `tomllib` keeps none."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

_STRING: Final = r""""(?:\\.|[^"\\\n])*+"|'[^'\n]*+'"""
_STRINGS: Final = re.compile(_STRING)
_LONG: Final = r'''"""(?:[^"\\]|\\.|"(?!""))*+"{3,5}|\'\'\'(?:[^']|'(?!''))*+'{3,5}'''
_OPAQUE: Final = re.compile(rf"{_LONG}|(?P<string>{_STRING})|#[^\n]*", re.DOTALL)
_TABLE: Final = re.compile(r"\s*\[\[?(.+?)\]\]?\s*$")
_KEY: Final = re.compile(rf"((?:{_STRING}|[\w.\s-])++)=")


def lines_of(text: str) -> Mapping[str, int]:
    """The line of each key (`table.name`) and table of a text that is TOML; keys within inline tables have none."""
    # Of several lines with one name the first counts: there the table begins.
    return dict(reversed(list(_lines(text))))


def _lines(text: str) -> Iterator[tuple[str, int]]:
    table, depth = "", 0
    for number, line in enumerate(_OPAQUE.sub(_without_text, text).split("\n"), 1):
        if depth == 0:
            if found := _TABLE.match(line):
                table = _bare(found[1])
                yield table, number
            elif found := _KEY.match(line):
                key = _bare(found[1])
                yield (f"{table}.{key}" if table else key), number
        # Within a list that goes on over lines, what looks like a table or key is none.
        rest = _STRINGS.sub("", line)
        depth += sum(map(rest.count, "[{")) - sum(map(rest.count, "]}"))


def _without_text(opaque: re.Match[str]) -> str:
    """Strings as they are, since keys may be some; of long strings the line ends alone, of comments nothing."""
    return opaque["string"] or "\n" * opaque[0].count("\n")


def _bare(key: str) -> str:
    return ".".join(part.strip().strip("\"'") for part in key.split("."))
