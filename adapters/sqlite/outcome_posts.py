"""Posts of outcomes in the file of the ledger."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Final, TypeVar

from adapters.sql_ledger.session import Session
from adapters.sql_outcomes.posts import SqlOutcomePosts
from adapters.sqlite.database import BUSY_TIMEOUT, DatabaseError, open_database, reading, transaction
from adapters.sqlite.session import SqliteSession
from outcomes.ports import PostsAwayError, PostsUnavailableError

T = TypeVar("T")

_PASSES: Final = frozenset({"disk_full", "locked"})
"""What passes, by itself or by what is done about it."""


class SqliteOutcomePosts(SqlOutcomePosts):
    """One connection to the file. It may be shared between threads, which then take turns."""

    def __init__(self, path: Path, busy_timeout: timedelta = BUSY_TIMEOUT) -> None:
        self._turn = threading.Lock()
        with _as_posts_errors():
            self._connection = open_database(path, busy_timeout)

    def close(self) -> None:
        """Let go of the file."""
        with self._turn:
            self._connection.close()

    def _transact(self, work: Callable[[Session], T]) -> T:
        with self._turn, _as_posts_errors(), transaction(self._connection) as connection:
            return work(SqliteSession(connection))

    @contextmanager
    def _reading(self) -> Iterator[Session]:
        with self._turn, _as_posts_errors(), reading(self._connection) as connection:
            yield SqliteSession(connection)


@contextmanager
def _as_posts_errors() -> Iterator[None]:
    try:
        yield
    except DatabaseError as error:
        kind = PostsAwayError if error.code in _PASSES else PostsUnavailableError
        raise kind(error.code, str(error)) from error
