"""The port to a database: statements within one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

Values = Mapping[str, Any]


class Row(Protocol):
    """One row of a result, by the names of its columns."""

    def __getitem__(self, column: str, /) -> Any:
        """The value of a column."""
        ...


class Session(Protocol):
    """A database within one transaction, or for one reading statement. Statements are those of this package."""

    def rows(self, statement: str, values: Values) -> Sequence[Row]:
        """Carry out a statement, and give the rows that it leads to."""
        ...

    def rows_of_each(self, statement: str, values: Sequence[Values]) -> Sequence[Sequence[Row]]:
        """Carry out a statement for each of these, and give the rows that each leads to; waits for the server once."""
        ...

    def run(self, statement: str, values: Values) -> None:
        """Carry out a statement without a result. It may be sent later, with the next one that has a result."""
        ...

    def run_each(self, statement: str, values: Sequence[Values]) -> None:
        """Carry out a statement for each of these, likewise."""
        ...

    def reserve(self, names: Iterable[str]) -> None:
        """Let no other transaction reserve any of these names before this one ends. To be asked for once, at the start.

        A database with one writer at a time need not even look at them.
        """
        ...
