"""What the console keeps of its people, in the file of embedded mode."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

from adapters.sql_console.people import SqlPeople
from adapters.sql_ledger.session import Session
from adapters.sqlite.database import BUSY_TIMEOUT, DatabaseError, open_database, reading, transaction
from adapters.sqlite.session import SqliteSession
from console.people.ports import StoreUnavailableError

T = TypeVar("T")


class SqlitePeople(SqlPeople):
    """One connection to the file. It may be shared between threads, which then take turns."""

    def __init__(self, path: Path, busy_timeout: timedelta = BUSY_TIMEOUT) -> None:
        self._turn = threading.Lock()
        with _as_store_errors():
            self._connection = open_database(path, busy_timeout)

    def close(self) -> None:
        """Let go of the file."""
        with self._turn:
            self._connection.close()

    def _transact(self, work: Callable[[Session], T]) -> T:
        with self._turn, _as_store_errors(), transaction(self._connection) as connection:
            return work(SqliteSession(connection))

    @contextmanager
    def _reading(self) -> Iterator[Session]:
        with self._turn, _as_store_errors(), reading(self._connection) as connection:
            yield SqliteSession(connection)


@contextmanager
def _as_store_errors() -> Iterator[None]:
    try:
        yield
    except DatabaseError as error:
        raise StoreUnavailableError(error.code, str(error)) from error
