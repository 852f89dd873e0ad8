"""The history in any relational database: an adapter adds how a transaction is made."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final, TypeVar

from adapters.sql_history import filling, forgetting, listing, tickets
from adapters.sql_ledger.moments import to_micros
from adapters.sql_ledger.session import Session
from adapters.sql_ledger.storage import OnStorage
from history.ports import Batch, Choice, HistoryUnavailableError, Hour, KeptDecision, KeptTicket, Page, Part, RuleCount
from schemas.job import PersonRef
from schemas.vocabulary import Reason
from sender.ledger.port import LedgerUnavailableError

T = TypeVar("T")

REWRITTEN_AT_ONCE: Final = 200


class SqlHistory(OnStorage):
    """See history.ports.HistoryStore."""

    def of_ticket(self, source: str, ticket: str, limit: int, before: int | None = None) -> Sequence[KeptDecision]:
        """See history.ports.History."""
        with self._reading() as session:
            return listing.of_ticket(session, source, ticket, limit, before)

    def decisions(self, choice: Choice, limit: int, before: int | None = None) -> Sequence[KeptDecision]:
        """See history.ports.History."""
        with self._reading() as session:
            return listing.decisions(session, choice, limit, before)

    def tickets_named(self, name: str, limit: int) -> Sequence[KeptTicket]:
        """See history.ports.History."""
        with self._reading() as session:
            return tickets.named(session, name, limit)

    def tickets_with(self, text: str, limit: int, before: int | None = None) -> Page[KeptTicket]:
        """See history.ports.History."""
        with self._reading() as session:
            return tickets.with_words(session, text, limit, before)

    def every_ticket(self, limit: int, after: int = 0) -> Sequence[KeptTicket]:
        """See history.ports.History."""
        with self._reading() as session:
            return [tickets.ticket_of(row) for row in session.rows(tickets.PAGE, {"after": after, "limit": limit})]

    def hours(self, since: datetime, until: datetime) -> Sequence[Hour]:
        """See history.ports.History."""
        with self._reading() as session:
            return listing.hours(session, _span(since, until))

    def reasons(self, since: datetime, until: datetime) -> Mapping[Reason, int]:
        """See history.ports.History."""
        with self._reading() as session:
            return listing.reasons(session, _span(since, until))

    def rules(self, since: datetime, until: datetime) -> Sequence[RuleCount]:
        """See history.ports.History."""
        with self._reading() as session:
            return listing.rules(session, _span(since, until))

    def positions(self) -> Mapping[Part, int]:
        """See history.ports.HistoryStore."""
        with self._reading() as session:
            return filling.positions(session.rows(filling.POSITIONS, {}))

    def fill(self, batch: Batch) -> int | None:
        """See history.ports.HistoryStore."""
        return self._transact(lambda session: filling.fill(session, batch))

    def prune(self, before: datetime, limit: int) -> int:
        """See history.ports.HistoryStore."""
        values = {"before": to_micros(before), "limit": limit}

        def work(session: Session) -> int:
            removed = filling.remove(session, session.rows(filling.OLDEST, values))
            return removed + tickets.prune(session, values["before"], limit)

        return self._transact(work)

    def begin_anew(self, since: datetime, limit: int) -> int:
        """See history.ports.HistoryStore."""
        values = {"since": to_micros(since), "limit": limit}

        def work(session: Session) -> int:
            removed = filling.remove(session, session.rows(filling.SINCE, values))
            if not removed:
                session.run(filling.FORGET_POSITIONS, {})
                session.run(filling.FORGET_COUNTS, {"since": values["since"]})
            return removed

        return self._transact(work)

    def rewrite(self, person: PersonRef, body: Callable[[bytes], bytes], text: Callable[[str], str]) -> int:
        """See history.ports.HistoryStore."""
        changed = self._rewrite(forgetting.OF_PERSON, {"person": str(person)}, body)
        changed += self._rewrite(forgetting.OF_RECORDS, {"reason": forgetting.UNREADABLE}, body)
        return changed + self._rewrite_titles(text)

    def _rewrite(self, statement: str, which: dict[str, Any], body: Callable[[bytes], bytes]) -> int:
        changed, after, limit = 0, 0, REWRITTEN_AT_ONCE

        def work(session: Session) -> tuple[int, int | None]:
            rows = session.rows(statement, which | {"after": after, "limit": limit})
            return forgetting.rewrite(session, rows, body), rows[-1]["seq"] if rows else None

        while True:
            number, last = self._transact(work)
            changed += number
            if last is None:
                return changed
            after = last

    def _rewrite_titles(self, text: Callable[[str], str]) -> int:
        changed, after = 0, 0
        while True:
            number, last = self._transact(
                lambda session: tickets.rewrite_page(session, text, after, REWRITTEN_AT_ONCE)  # noqa: B023 - at once
            )
            changed += number
            if last is None:
                return changed
            after = last


def _span(since: datetime, until: datetime) -> dict[str, int]:
    return {"since": to_micros(since), "until": to_micros(until)}


@contextmanager
def as_history_errors() -> Iterator[None]:
    """Turn errors of the storage, which the sender's ledger has in common, into those of the history."""
    try:
        yield
    except LedgerUnavailableError as error:
        raise HistoryUnavailableError(error.code, str(error)) from error
