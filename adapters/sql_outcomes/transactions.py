"""What the parts of the storage have in common: each call is one transaction on a database."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import TypeVar

from adapters.sql_ledger.session import Row, Session, Values
from outcomes.ports import PostsAwayError, PostsUnavailableError
from sender.ledger.port import LedgerAwayError, LedgerUnavailableError

T = TypeVar("T")


class SqlTransactions(ABC):
    """An adapter says how a transaction is made, and how rows are read outside of one."""

    @abstractmethod
    def _transact(self, work: Callable[[Session], T]) -> T:
        """Do the work durably, or not at all; perhaps again from its beginning. Raises PostsUnavailableError."""

    @abstractmethod
    def _reading(self) -> AbstractContextManager[Session]:
        """For statements that change nothing. Raises PostsUnavailableError."""

    def _read(self, statement: str, values: Values) -> Sequence[Row]:
        with self._reading() as session:
            return session.rows(statement, values)


@contextmanager
def as_posts_errors() -> Iterator[None]:
    """Turn errors of the storage, which the ledger has in common, into those of posts."""
    try:
        yield
    except LedgerUnavailableError as error:
        kind = PostsAwayError if isinstance(error, LedgerAwayError) else PostsUnavailableError
        raise kind(error.code, str(error)) from error
