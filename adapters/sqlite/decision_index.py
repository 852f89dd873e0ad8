"""The decisions that the log of embedded mode keeps, found by ticket or event."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Final

from adapters.sql_ledger.moments import to_micros
from adapters.sqlite.database import open_database, reading
from adapters.sqlite.event_log import record_in
from schemas.log import Record
from schemas.topics import DECISIONS


class SqliteDecisions:
    """Reads the topic of decisions by its two indexes (see migrations), whatever any group has read."""

    def __init__(self, path: Path) -> None:
        self._database = open_database(path)

    def of_ticket(self, ticket: str, since: datetime) -> list[Record]:
        """The decisions about a ticket that were kept since then, in their order."""
        return self._found(_BY_TICKET, (ticket.encode(), to_micros(since)))

    def of_event(self, event: str, since: datetime) -> list[Record]:
        """The decisions about an event: several where it was sent again, or two platforms have one of this id."""
        return self._found(_BY_EVENT, (event, to_micros(since)))

    def close(self) -> None:
        """Let go of the file."""
        self._database.close()

    def _found(self, query: str, values: tuple[bytes | str, int]) -> list[Record]:
        with reading(self._database):
            return [record_in(DECISIONS, row) for row in self._database.execute(query, values)]


# SQLite uses an index on a condition or an expression only where these stand in the query as they are written there.
# Left to itself it may still prefer to look through the whole topic.
_BY_TICKET: Final = """
    SELECT offset, timestamp, key, value, headers FROM log_records INDEXED BY log_decisions_ticket
    WHERE topic = 'tocsin.decisions' AND key = ? AND timestamp >= ? ORDER BY offset
"""
_BY_EVENT: Final = """
    SELECT offset, timestamp, key, value, headers FROM log_records INDEXED BY log_decisions_event
    WHERE topic = 'tocsin.decisions'
    AND CASE WHEN json_valid(CAST(value AS TEXT)) THEN json_extract(CAST(value AS TEXT), '$.event') END = ?
    AND timestamp >= ? ORDER BY offset
"""
