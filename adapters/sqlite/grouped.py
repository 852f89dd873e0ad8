"""Transactions of several threads as one of the file: what waits while the disk is busy goes to the disk together.

A commit waits for the disk, some milliseconds each. One for each post would bound the posts a second by that; here the
thread whose turn it is does the work of all that wait by then, and one commit is enough for them.
"""

from __future__ import annotations

import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final, TypeVar, cast

from adapters.sqlite.database import named_errors, path_of, reading, transaction

T = TypeVar("T")

MOST: Final = 64
"""Works of one transaction."""


class GroupedTransactions:
    """One connection, which threads share. It is the only one who uses it."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._turn = threading.Lock()
        self._waiting: deque[_Work] = deque()

    def do(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do the work durably, or not at all; others may be done in the same transaction, before or behind it.

        What it raises undoes it alone. Raises DatabaseError where the storage fails: then none of them was done.
        """
        mine = _Work(work)
        self._waiting.append(mine)
        with self._turn:
            while not mine.is_done:
                # Each of them is told by its own `error`.
                with suppress(Exception):
                    self._do_some()
        if mine.error is not None:
            raise mine.error
        return cast("T", mine.value)

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """For single statements that change nothing. Raises DatabaseError where the storage fails."""
        with self._turn, reading(self._connection) as connection:
            yield connection

    def close(self) -> None:
        """Let go of the file."""
        with self._turn:
            self._connection.close()

    def _do_some(self) -> None:
        some = [self._waiting.popleft() for _ in range(min(MOST, len(self._waiting)))]
        try:
            with transaction(self._connection) as connection:
                for one in some:
                    one.do(connection)
        except BaseException as error:
            # Nothing of the transaction is there.
            for one in some:
                one.error = one.error or error
            raise
        finally:
            for one in some:
                one.is_done = True


class _Work:
    def __init__(self, work: Callable[[sqlite3.Connection], Any]) -> None:
        self._work = work
        self.value: Any = None
        self.error: BaseException | None = None
        self.is_done = False

    def do(self, connection: sqlite3.Connection) -> None:
        """Do it within a transaction. Raises where that can't go on."""
        connection.execute("SAVEPOINT one")
        try:
            with named_errors(path_of(connection)):
                self.value = self._work(connection)
        except Exception as error:
            if not connection.in_transaction:
                # SQLite has undone all, as it does on a full disk.
                raise
            self.error = error
            connection.execute("ROLLBACK TO one")
        connection.execute("RELEASE one")
