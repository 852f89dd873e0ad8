"""What the parts of the ledger have in common: each call is one transaction on a database."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import TypeVar

from adapters.sql_ledger.session import Row, Session, Values
from adapters.sql_ledger.writes import Writes

T = TypeVar("T")


class SqlTransactions(ABC):
    """An adapter says how a transaction is made, and how rows are read outside of one."""

    @abstractmethod
    def _transact(self, work: Callable[[Session], T]) -> T:
        """Do the work durably, or not at all. It may be done again from its beginning, after it was undone."""

    @abstractmethod
    def _reading(self) -> AbstractContextManager[Session]:
        """A session for statements that change nothing, each by itself."""

    @property
    @abstractmethod
    def _owner(self) -> str:
        """The name by which this ledger claims, by no other ever used. Raises LedgerUnavailableError."""

    @abstractmethod
    def _gone(self, owners: Sequence[str], now: datetime) -> Sequence[str]:
        """Those of these names whose ledgers are known to be gone."""

    @abstractmethod
    def close(self) -> None:
        """Let go of the database."""

    def _write(self, now: datetime, work: Callable[[Writes], T]) -> T:
        def and_write_down(session: Session) -> T:
            writes = Writes(session, now)
            result = work(writes)
            # What was collected goes out in two statements at the end, however many jobs changed.
            writes.finish()
            return result

        return self._transact(and_write_down)

    def _read(self, statement: str, values: Values) -> Sequence[Row]:
        with self._reading() as session:
            return session.rows(statement, values)
