"""What is laid out on standard output: it fits a terminal; in a pipe or file it is as wide as it takes, never cut."""

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
    """A table below its title. What acts in a text instead of being seen is written out."""
    grid = Table()
    for name in columns:
        grid.add_column(name, overflow="fold")
    for row in rows:
        grid.add_row(*map(seen, row))
    # As a title of the table it would be broken to its width.
    return Group(seen(title), grid)


def seen(cell: Cell) -> Text:
    """A cell with nothing in it that acts."""
    pieces = ((cell, ""),) if isinstance(cell, str) else cell
    return Text.assemble(*((printable(text, kept="\n"), style) for text, style in pieces))
