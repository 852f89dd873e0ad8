"""Tables on standard output: they fit a terminal; in a pipe or file they are as wide as they need, never cut."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import Final

from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from tocsin.printing.printable import printable

WIDEST: Final = 1_000_000
"""Columns of what is no terminal, whatever COLUMNS says of another."""

Cell = str | tuple[tuple[str, str], ...]
"""A text, or pieces of one, each with its style."""


def is_terminal() -> bool:
    """Whether somebody looks at standard output as it comes."""
    return sys.stdout.isatty()


def layout() -> Console:
    """Standard output for what is laid out. Nothing in a text is taken for markup."""
    return Console(width=None if is_terminal() else WIDEST, markup=False, highlight=False, emoji=False)


def table(title: Cell, columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Group:
    """A table below its title. Control characters are shown as escapes."""
    grid = Table()
    for name in columns:
        grid.add_column(name, overflow="fold")
    for row in rows:
        grid.add_row(*map(seen, row))
    # Rich would break a title of the table itself to the table's width.
    return Group(seen(title), grid)


def seen(cell: Cell) -> Text:
    """A cell whose control characters are shown as escapes."""
    pieces = ((cell, ""),) if isinstance(cell, str) else cell
    return Text.assemble(*((printable(text, kept="\n"), style) for text, style in pieces))
