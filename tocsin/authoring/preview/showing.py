"""Rendered messages side by side: as text, and as a page of which a picture can be taken."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Iterator, Sequence
from html import escape
from itertools import zip_longest
from typing import Final

from tocsin.authoring.preview.rendering import Rendered
from tocsin.printing.printable import BLANKS, printable

COLUMN: Final = 680
HEIGHT: Final = 1_200
"""Pixels of each message in a picture."""

_NARROWEST: Final = 36
_GAP: Final = " │ "


def side_by_side(rendered: Sequence[Rendered], width: int | None) -> Iterator[str]:
    """Subject and text of each language in a column of its own; below, the HTML of each. No width: as wide as it takes.

    Control characters are shown as escapes.
    """
    column = sys.maxsize if width is None else _column(len(rendered), width)
    columns = [[printable(line, BLANKS) for line in _lines(one, column)] for one in rendered]
    widths = [max(map(len, lines)) if width is None else column for lines in columns]
    for row in zip_longest(*columns, fillvalue=""):
        yield _GAP.join(cell.ljust(wide) for cell, wide in zip(row, widths, strict=True)).rstrip()
    for one in rendered:
        if one.html is not None:
            yield from ("", f"[{one.language}] HTML:", one.html.rstrip())


def _column(number: int, width: int) -> int:
    return max(_NARROWEST, (width - len(_GAP) * (number - 1)) // number)


def _lines(one: Rendered, column: int) -> Iterator[str]:
    yield f"[{one.language}]"
    if one.fault is not None:
        yield from textwrap.wrap(f"! the built-in text would be sent: {one.fault}", column)
    if one.subject:  # a text message has none
        yield from textwrap.wrap(f"Subject: {one.subject}", column)
        yield ""
    for line in one.text.rstrip().splitlines():
        yield from textwrap.wrap(line, column, replace_whitespace=False) or [""]


def page(rendered: Sequence[Rendered]) -> str:
    """The messages beside each other, each in a frame of its own that runs no script."""
    return f'<div style="display:flex;gap:16px;font:14px sans-serif">{"".join(map(_frame, rendered))}</div>'


def size(rendered: Sequence[Rendered]) -> tuple[int, int]:
    """Width and height of the page in pixels."""
    return (COLUMN + 16) * len(rendered) + 16, HEIGHT + 80


def _frame(one: Rendered) -> str:
    inside = one.html if one.html is not None else f'<pre style="white-space:pre-wrap">{escape(one.text)}</pre>'
    head = f'<div style="padding:4px 0"><b>{escape(one.language)}</b> {escape(one.subject)}</div>'
    # An empty `sandbox` allows nothing: no scripts, no forms, no navigation.
    frame = f'<iframe sandbox="" width="{COLUMN}" height="{HEIGHT}" srcdoc="{escape(inside)}"></iframe>'
    return f"<div>{head}{frame}</div>"
