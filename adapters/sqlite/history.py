"""The history in the file of embedded mode, and the log there as what it is filled from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from adapters.sql_history.store import SqlHistory
from adapters.sqlite.database import BUSY_TIMEOUT, DatabaseError
from adapters.sqlite.event_log import PARTITION, SqliteLog
from adapters.sqlite.shared import SharedConnection, SharedReader
from history.filler import TOPICS
from history.ports import HistoryUnavailableError, Part
from schemas.log import Record
from schemas.topics import DECISIONS


class SqliteHistory(SqlHistory):
    """One connection to the file. It may be shared between threads, which then take turns."""

    def __init__(self, path: Path, busy_timeout: timedelta = BUSY_TIMEOUT) -> None:
        super().__init__(SharedConnection(path, _as_history_errors, busy_timeout))


class SqliteHistoryReader(SqlHistory):
    """The same, on a connection that can change nothing and holds up no other: for questions.

    The file is there already. Whatever takes longer than `within` raises HistoryUnavailableError (`too_slow`).
    """

    def __init__(self, path: Path, within: timedelta) -> None:
        super().__init__(SharedReader(path, _as_history_errors, within))


class SqliteHistorySource:
    """See history.ports.HistorySource. It belongs to one thread."""

    def __init__(self, path: Path) -> None:
        with _as_history_errors():
            self._log = SqliteLog(path)

    def read(self, positions: Mapping[Part, int], limit: int) -> Sequence[Record]:
        """See history.ports.HistorySource. Events come before the decisions about them."""
        records: list[Record] = []
        with _as_history_errors():
            for topic in TOPICS:
                if len(records) < limit:
                    records += self._log.read(topic, self._position(topic, positions), limit - len(records))
        return records

    def lag(self, positions: Mapping[Part, int]) -> int:
        """See history.ports.HistorySource."""
        with _as_history_errors():
            return sum(self._waiting(topic, self._position(topic, positions)) for topic in TOPICS)

    def beginning(self) -> datetime | None:
        """See history.ports.HistorySource."""
        with _as_history_errors():
            first = self._log.read(DECISIONS, limit=1)
        return first[0].timestamp if first else None

    def close(self) -> None:
        """See history.ports.HistorySource."""
        self._log.close()

    def _waiting(self, topic: str, position: int) -> int:
        # Counted from the first record that is there: what was pruned waits no more.
        first = self._log.read(topic, position, limit=1)
        return self._log.end(topic) - first[0].offset if first else 0

    def _position(self, topic: str, positions: Mapping[Part, int]) -> int:
        position = positions.get(Part(topic, PARTITION), 0)
        return position if position <= self._log.end(topic) else 0


@contextmanager
def _as_history_errors() -> Iterator[None]:
    try:
        yield
    except DatabaseError as error:
        raise HistoryUnavailableError(error.code, str(error)) from error
