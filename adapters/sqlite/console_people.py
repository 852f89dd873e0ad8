"""What the console keeps of its people, in the file of embedded mode."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from adapters.sql_console.people import SqlPeople
from adapters.sqlite.database import BUSY_TIMEOUT, DatabaseError
from adapters.sqlite.shared import SharedConnection
from console.people.ports import StoreUnavailableError


class SqlitePeople(SqlPeople):
    """One connection to the file. It may be shared between threads, which then take turns."""

    def __init__(self, path: Path, busy_timeout: timedelta = BUSY_TIMEOUT) -> None:
        super().__init__(SharedConnection(path, _as_store_errors, busy_timeout))


@contextmanager
def _as_store_errors() -> Iterator[None]:
    try:
        yield
    except DatabaseError as error:
        raise StoreUnavailableError(error.code, str(error)) from error
