"""What every adapter that keeps something in SQL stands on: transactions, and rows that are read outside of one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Protocol, TypeVar

from adapters.sql_ledger.session import Row, Session, Values

T = TypeVar("T")


class Storage(Protocol):
    """A database. Whatever is done there raises the error of the port for which it was opened."""

    def transact(self, work: Callable[[Session], T]) -> T:
        """Do the work durably, or not at all. It may be done again from its beginning, after it was undone."""
        ...

    def reading(self) -> AbstractContextManager[Session]:
        """A session for statements that change nothing, each by itself."""
        ...

    def close(self) -> None:
        """Let go of the database."""
        ...


class OnStorage:
    """An adapter that keeps what it keeps in one database. It may be shared between threads; `close` it at the end."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def close(self) -> None:
        """Let go of the database."""
        self._storage.close()

    def _transact(self, work: Callable[[Session], T]) -> T:
        return self._storage.transact(work)

    def _reading(self) -> AbstractContextManager[Session]:
        return self._storage.reading()

    def _rows(self, statement: str, values: Values) -> Sequence[Row]:
        return self._read(lambda session: session.rows(statement, values))

    def _read(self, query: Callable[[Session], T]) -> T:
        with self._reading() as session:
            return query(session)
