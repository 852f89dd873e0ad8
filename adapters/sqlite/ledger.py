"""The sender's ledger in a SQLite file (see sender.ledger.port for what it promises)."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar

from adapters.sql_ledger.ledger import SqlLedger
from adapters.sql_ledger.session import Session
from adapters.sqlite.database import BUSY_TIMEOUT, DatabaseError
from adapters.sqlite.shared import SharedConnection, SharedReader
from sender.ledger.port import LedgerUnavailableError

T = TypeVar("T")


class SqliteLedger(SqlLedger):
    """One connection to the file. It may be shared between threads, which then take turns.

    The file has one sender, since that locks its folder: so the outbox has one publisher, and whoever else has claimed
    jobs is gone.
    """

    def __init__(self, path: Path, busy_timeout: timedelta = BUSY_TIMEOUT) -> None:
        self._name = uuid.uuid4().hex
        self._shared = SharedConnection(path, _as_ledger_errors, busy_timeout)

    def close(self) -> None:
        """Let go of the file."""
        self._shared.close()

    @property
    def _owner(self) -> str:
        return self._name

    def _gone(self, owners: Sequence[str], now: datetime) -> Sequence[str]:  # noqa: ARG002 - at any time
        return owners

    def _transact(self, work: Callable[[Session], T]) -> T:
        return self._shared.transact(work)

    def _reading(self) -> AbstractContextManager[Session]:
        return self._shared.reading()


class SqliteLedgerReader(SqliteLedger):
    """The same, on a connection that can change nothing and holds up no other: for questions.

    The file is there already. Whatever takes longer than `within` raises LedgerUnavailableError (`too_slow`), as does
    what would change anything (`read_only`).
    """

    def __init__(self, path: Path, within: timedelta) -> None:
        self._name = ""
        self._shared = SharedReader(path, _as_ledger_errors, within)


@contextmanager
def _as_ledger_errors() -> Iterator[None]:
    try:
        yield
    except DatabaseError as error:
        raise LedgerUnavailableError(error.code, str(error)) from error
