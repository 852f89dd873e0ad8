"""Erases from the file what was deleted or overwritten: SQLite leaves it in free pages and in the write-ahead log."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Final

from adapters.sqlite.database import named_errors, open_database

_TRIES: Final = 50
_PAUSE: Final = 0.1


def erase_deleted(path: Path) -> bool:
    """Write the file anew (VACUUM), and empty its write-ahead log; False where others use it without a pause.

    It needs as much free space as the file has. Raises DatabaseError where the storage fails.
    """
    with closing(open_database(path)) as connection, named_errors(str(path)):
        try:
            connection.execute("VACUUM")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF not in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
                raise
            return False
        # Else each look would wait as long as a transaction does.
        connection.execute(f"PRAGMA busy_timeout = {int(_PAUSE * 1_000)}")
        for _ in range(_TRIES):
            # A reader that is just at it holds it up.
            (busy, *_) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            if not busy:
                return True
            time.sleep(_PAUSE)
    return False
