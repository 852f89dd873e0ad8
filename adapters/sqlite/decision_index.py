"""The decisions that the log of embedded mode keeps, found by ticket or event."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import msgspec
import structlog

from adapters.sql_ledger.moments import to_micros
from adapters.sqlite.database import bounded, open_database, open_for_reading, reading
from adapters.sqlite.event_log import record_in
from history.ports import KeptDecision
from schemas.decision import DecisionRecord
from schemas.log import Record
from schemas.topics import DECISIONS

log = structlog.get_logger()

_DECISION = msgspec.json.Decoder(DecisionRecord)


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


class SqliteDecisionArchive:
    """See adapters.web.decisions.DecisionArchive. It changes nothing. Threads may share it, and take turns.

    Whatever takes longer than `within` raises DatabaseError (`too_slow`).
    """

    def __init__(self, path: Path, within: timedelta) -> None:
        self._database = open_for_reading(path)
        self._within = within
        self._turn = threading.Lock()

    def of_ticket(self, source: str, ticket: str, limit: int, before: int | None = None) -> Sequence[KeptDecision]:
        """See adapters.web.decisions.DecisionArchive."""
        found: list[KeptDecision] = []
        place = _END if before is None else before
        with self._turn, bounded(self._database, self._within):
            # Tickets of several platforms may have the same id, and so the same key.
            while len(found) < limit and (page := self._page(ticket, place, limit)):
                found += (one for one in map(_decision_in, page) if one is not None and one.decision.source == source)
                place = page[-1].offset
        return found[:limit]

    def close(self) -> None:
        """Let go of the file."""
        with self._turn:
            self._database.close()

    def _page(self, ticket: str, before: int, limit: int) -> list[Record]:
        with reading(self._database):
            rows = self._database.execute(_PAGE, (ticket.encode(), before, limit))
            return [record_in(DECISIONS, row) for row in rows]


def _decision_in(record: Record) -> KeptDecision | None:
    """The decision in a record. One that can't be read is named in the log, and passed over."""
    try:
        decision = _DECISION.decode(record.value or b"")
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        kind = type(error).__name__
        log.warning("decision_unreadable", partition=record.partition, offset=record.offset, error=kind)
        return None
    return KeptDecision(decision, record.timestamp, record.offset)


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
_END: Final = 2**62
_PAGE: Final = """
    SELECT offset, timestamp, key, value, headers FROM log_records INDEXED BY log_decisions_ticket
    WHERE topic = 'tocsin.decisions' AND key = ? AND offset < ? ORDER BY offset DESC LIMIT ?
"""
