"""One connection to the file, which threads share, and the errors of a port."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

from adapters.sql_ledger.session import Session
from adapters.sqlite.database import BUSY_TIMEOUT, bounded, open_database, open_for_reading, reading, transaction
from adapters.sqlite.session import SqliteSession

T = TypeVar("T")

Errors = Callable[[], AbstractContextManager[None]]
"""Turns DatabaseError into the error of an adapter's port."""


class SharedConnection:
    """Threads take turns. Whatever is done here raises what `errors` makes of a DatabaseError."""

    def __init__(self, path: Path, errors: Errors, busy_timeout: timedelta = BUSY_TIMEOUT) -> None:
        self._errors = errors
        self._turn = threading.Lock()
        with errors():
            self.connection = self._open(path, busy_timeout)

    def transact(self, work: Callable[[Session], T]) -> T:
        """Do the work durably, or not at all."""
        with self._turn, self._errors(), transaction(self.connection) as connection:
            return work(SqliteSession(connection))

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session for statements that change nothing, each by itself."""
        with self._turn, self._errors(), reading(self.connection) as connection:
            yield SqliteSession(connection)

    def close(self) -> None:
        """Let go of the file."""
        with self._turn:
            self.connection.close()

    def _open(self, path: Path, busy_timeout: timedelta) -> sqlite3.Connection:
        return open_database(path, busy_timeout)


class SharedReader(SharedConnection):
    """The same, on a connection that can change nothing and holds up no other. The file is there already.

    What is read ends within `within`, or with the code `too_slow`.
    """

    def __init__(self, path: Path, errors: Errors, within: timedelta) -> None:
        super().__init__(path, errors)
        self._within = within

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """See SharedConnection."""
        with super().reading() as session, bounded(self.connection, self._within):
            yield session

    def _open(self, path: Path, busy_timeout: timedelta) -> sqlite3.Connection:
        return open_for_reading(path, busy_timeout)
