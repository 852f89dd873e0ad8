"""Posts of outcomes in the file of the ledger."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from adapters.sql_outcomes.posts import SqlOutcomePosts
from adapters.sqlite.database import BUSY_TIMEOUT, DatabaseError
from adapters.sqlite.shared import SharedConnection
from outcomes.ports import PostsAwayError, PostsUnavailableError


class SqliteOutcomePosts(SqlOutcomePosts):
    """One connection to the file. It may be shared between threads, which then take turns."""

    def __init__(self, path: Path, busy_timeout: timedelta = BUSY_TIMEOUT) -> None:
        super().__init__(SharedConnection(path, _as_posts_errors, busy_timeout))


@contextmanager
def _as_posts_errors() -> Iterator[None]:
    try:
        yield
    except DatabaseError as error:
        kind = PostsAwayError if error.passes else PostsUnavailableError
        raise kind(error.code, str(error)) from error
