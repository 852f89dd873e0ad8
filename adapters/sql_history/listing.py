"""Decisions as people look them up: page by page, the newest first, each list read off one index."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from adapters.sql_ledger.moments import from_micros, to_micros
from adapters.sql_ledger.session import Row, Session
from history.entries import DECISION, TOLD, Kind, outcome_of
from history.ports import Choice, Hour, KeptDecision, RuleCount
from schemas.vocabulary import Reason

_PLACE: Final = "SELECT at, part, place FROM decisions WHERE seq = :before"

TICKET: Final = """
    SELECT seq, at, body FROM decisions INDEXED BY decisions_ticket
    WHERE source = :source AND ticket = :ticket {behind} ORDER BY at DESC, seq DESC LIMIT :limit
"""

OWN: Final = {
    "contract": """
        SELECT seq, at, body FROM decisions INDEXED BY decisions_contract
        WHERE contract = :contract {behind} ORDER BY at DESC, seq DESC LIMIT :limit
    """,
    "customer": """
        SELECT seq, at, body FROM decisions INDEXED BY decisions_customer
        WHERE customer = :customer {behind} ORDER BY at DESC, seq DESC LIMIT :limit
    """,
}
ALL: Final = """
    SELECT seq, at, body FROM decisions INDEXED BY decisions_place
    WHERE TRUE {behind} ORDER BY at DESC, part DESC, place DESC LIMIT :limit
"""
PERSON: Final = """
    SELECT seq, decisions.at AS at, body FROM (
        SELECT at, decision FROM decision_people WHERE person = :person {behind}
        ORDER BY at DESC, decision DESC LIMIT :limit
    ) AS found JOIN decisions ON seq = found.decision ORDER BY found.at DESC, found.decision DESC
"""
REASON: Final = """
    SELECT seq, decisions.at AS at, body FROM (
        SELECT at, decision FROM decision_reasons WHERE reason = :reason {behind}
        ORDER BY at DESC, decision DESC LIMIT :limit
    ) AS found JOIN decisions ON seq = found.decision ORDER BY found.at DESC, found.decision DESC
"""

HOURS: Final = """
    SELECT kind, starts, number FROM decision_counts
    WHERE kind = :kind AND starts >= :since AND starts < :until ORDER BY starts
"""
NAMES: Final = """
    SELECT name, SUM(number) AS number, MAX(starts) AS last FROM decision_counts
    WHERE kind = :kind AND starts >= :since AND starts < :until GROUP BY name ORDER BY name
"""

Conditions = Iterator[tuple[str, dict[str, Any]]]


def of_ticket(session: Session, source: str, ticket: str, limit: int, before: int | None) -> Sequence[KeptDecision]:
    """See history.ports.History."""
    place = _place(session, before)
    if before is not None and not place:
        return []
    statement = TICKET.format(behind=behind("seq") if place else "")
    return _kept(session.rows(statement, {"source": source, "ticket": ticket, "limit": limit} | place))


def decisions(session: Session, choice: Choice, limit: int, before: int | None) -> Sequence[KeptDecision]:
    """See history.ports.History."""
    place = _place(session, before)
    if before is not None and not place:
        # It was forgotten, and all that is older too.
        return []
    statement, values = list_statement(choice, paged=bool(place))
    return _kept(session.rows(statement, values | place | {"limit": limit}))


def list_statement(choice: Choice, *, paged: bool) -> tuple[str, dict[str, Any]]:
    """The statement for a choice, and the values of its conditions."""
    statement, seq, values = _list(choice)
    conditions = list(_conditions(choice))
    more = "".join(f" AND {condition}" for condition, _ in conditions)
    return statement.format(behind=more + (behind(seq) if paged else "")), values | {
        name: value for _, named in conditions for name, value in named.items()
    }


def _list(choice: Choice) -> tuple[str, str, dict[str, Any]]:
    """The statement, by what it goes on behind a moment, and the value of the subject."""
    if choice.person is not None:
        return PERSON, "decision", {"person": str(choice.person)}
    if choice.reason is not None:
        return REASON, "decision", {"reason": choice.reason.value}
    if choice.contract is not None:
        return OWN["contract"], "seq", {"contract": choice.contract}
    if choice.customer is not None:
        return OWN["customer"], "seq", {"customer": choice.customer}
    return ALL, "part, place", {}


def behind(column: str) -> str:
    """The condition that leaves out what a former page had; by which columns, besides the time."""
    if column == "part, place":
        return " AND (at, part, place) < (:before_at, :before_part, :before_place)"
    return f" AND (at, {column}) < (:before_at, :before_seq)"


def _conditions(choice: Choice) -> Conditions:
    if choice.since is not None:
        yield "at >= :since", {"since": to_micros(choice.since)}
    if choice.until is not None:
        yield "at < :until", {"until": to_micros(choice.until)}
    if choice.told is not None:
        yield f"(outcome & :told) {'<>' if choice.told else '='} 0", {"told": TOLD}
    if choice.reasons:
        yield "(outcome & :reasons) <> 0", {"reasons": outcome_of(choice.reasons)}


def _place(session: Session, before: int | None) -> dict[str, Any]:
    if before is None:
        return {}
    rows = session.rows(_PLACE, {"before": before})
    if not rows:
        return {}
    [row] = rows
    return {
        "before_at": row["at"],
        "before_seq": before,
        "before_part": row["part"],
        "before_place": row["place"],
    }


def _kept(rows: Sequence[Row]) -> list[KeptDecision]:
    return [KeptDecision(DECISION.decode(row["body"]), from_micros(row["at"]), row["seq"]) for row in rows]


def hours(session: Session, span: Mapping[str, int]) -> Sequence[Hour]:
    """See history.ports.History. `span` has the moments `since` and `until`."""
    found = {
        kind: {row["starts"]: row["number"] for row in session.rows(HOURS, {"kind": kind.value} | dict(span))}
        for kind in (Kind.DECISIONS, Kind.ALERTING, Kind.ALERTS)
    }
    alerting, alerts = found[Kind.ALERTING], found[Kind.ALERTS]
    return [
        Hour(from_micros(begin), number, alerting.get(begin, 0), alerts.get(begin, 0))
        for begin, number in found[Kind.DECISIONS].items()
    ]


def reasons(session: Session, span: Mapping[str, int]) -> Mapping[Reason, int]:
    """See history.ports.History."""
    rows = session.rows(NAMES, {"kind": Kind.REASON.value} | dict(span))
    return {Reason(row["name"]): int(row["number"]) for row in rows}


def rules(session: Session, span: Mapping[str, int]) -> Sequence[RuleCount]:
    """See history.ports.History."""
    rows = session.rows(NAMES, {"kind": Kind.RULE.value} | dict(span))
    return [RuleCount(row["name"], int(row["number"]), from_micros(row["last"])) for row in rows]
