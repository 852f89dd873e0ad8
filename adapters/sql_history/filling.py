"""What a batch brings into the tables, and what is taken out again: rows, counts and positions change together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from adapters.sql_history.tickets import see
from adapters.sql_ledger.moments import from_micros, to_micros
from adapters.sql_ledger.session import Row, Session
from history.entries import DECISION, Count, Entry, counts_in, people_in, reasons_in, sighting_of
from history.ports import Batch, Move, Part

POSITIONS: Final = "SELECT topic, part, next_offset FROM decision_positions"
_POSITION: Final = "SELECT next_offset FROM decision_positions WHERE topic = :topic AND part = :part /*pg FOR UPDATE */"
_MOVE: Final = """
    INSERT INTO decision_positions (topic, part, next_offset) VALUES (:topic, :part, :next)
    ON CONFLICT (topic, part) DO UPDATE SET next_offset = excluded.next_offset
"""
FORGET_POSITIONS: Final = "DELETE FROM decision_positions"
# Of hours and days that began since then no decision is left: what is still counted of them is wrong.
FORGET_COUNTS: Final = "DELETE FROM decision_counts WHERE starts > :since"

INSERT: Final = """
    INSERT INTO decisions (at, part, place, source, ticket, contract, customer, body)
    VALUES (:at, :part, :place, :source, :ticket, :contract, :customer, :body)
    ON CONFLICT (at, part, place) DO NOTHING RETURNING seq
"""
INSERT_PERSON: Final = """
    INSERT INTO decision_people (person, at, decision, outcome) VALUES (:person, :at, :seq, :outcome)
"""
_INSERT_REASON: Final = "INSERT INTO decision_reasons (reason, at, decision) VALUES (:reason, :at, :seq)"
_ADD: Final = """
    INSERT INTO decision_counts (kind, starts, name, number) VALUES (:kind, :starts, :name, :number)
    ON CONFLICT (kind, starts, name) DO UPDATE SET number = decision_counts.number + excluded.number
"""
_NO_COUNT: Final = """
    DELETE FROM decision_counts WHERE kind = :kind AND starts = :starts AND name = :name AND number = 0
"""

OLDEST: Final = """
    SELECT seq, at, part, place, body FROM decisions INDEXED BY decisions_place
    WHERE at < :before ORDER BY at, part, place LIMIT :limit
"""
SINCE: Final = """
    SELECT seq, at, part, place, body FROM decisions INDEXED BY decisions_place
    WHERE at >= :since ORDER BY at, part, place LIMIT :limit
"""
_DELETE: Final = "DELETE FROM decisions WHERE seq = :seq"
DELETE_PERSON: Final = "DELETE FROM decision_people WHERE person = :person AND at = :at AND decision = :seq"
_DELETE_REASON: Final = "DELETE FROM decision_reasons WHERE reason = :reason AND at = :at AND decision = :seq"


def positions(rows: Sequence[Row]) -> Mapping[Part, int]:
    """The positions in rows of POSITIONS."""
    return {Part(row["topic"], row["part"]): row["next_offset"] for row in rows}


def fill(session: Session, batch: Batch) -> int | None:
    """See history.ports.HistoryStore."""
    session.reserve([f"history {one.part.topic} {one.part.partition}" for one in batch.moves])
    if not all(_is_there(session, move) for move in batch.moves):
        return None
    for sighting in batch.sightings:
        see(session, sighting)
    kept = [(entry, seq) for entry in batch.entries if (seq := _insert(session, entry)) is not None]
    for entry, _ in kept:
        see(session, sighting_of(entry))
    session.run_each(INSERT_PERSON, [row for entry, seq in kept for row in people_rows(entry, seq)])
    session.run_each(_INSERT_REASON, [row for entry, seq in kept for row in _reason_rows(entry, seq)])
    _count(session, (entry for entry, _ in kept), 1)
    session.run_each(_MOVE, [_place_of(move.part) | {"next": move.next} for move in batch.moves])
    return len(kept)


def remove(session: Session, rows: Sequence[Row]) -> int:
    """Take decisions out, with all that led to them. Says how many there were."""
    found = [(entry_of(row), row["seq"]) for row in rows]
    session.run_each(DELETE_PERSON, [row for entry, seq in found for row in people_rows(entry, seq)])
    session.run_each(_DELETE_REASON, [row for entry, seq in found for row in _reason_rows(entry, seq)])
    session.run_each(_DELETE, [{"seq": seq} for _, seq in found])
    _count(session, (entry for entry, _ in found), -1)
    return len(found)


def entry_of(row: Row) -> Entry:
    """The decision in a row."""
    return Entry(from_micros(row["at"]), row["part"], row["place"], DECISION.decode(row["body"]), row["body"])


def people_rows(entry: Entry, seq: int) -> list[dict[str, Any]]:
    """The rows of `decision_people` that lead to a decision."""
    at = to_micros(entry.at)
    return [
        {"person": str(person), "at": at, "seq": seq, "outcome": outcome}
        for person, outcome in people_in(entry.decision).items()
    ]


def _reason_rows(entry: Entry, seq: int) -> list[dict[str, Any]]:
    at = to_micros(entry.at)
    return [{"reason": reason.value, "at": at, "seq": seq} for reason in sorted(reasons_in(entry.decision))]


def _is_there(session: Session, move: Move) -> bool:
    rows = session.rows(_POSITION, _place_of(move.part))
    return (rows[0]["next_offset"] if rows else None) == move.expected


def _place_of(part: Part) -> dict[str, Any]:
    return {"topic": part.topic, "part": part.partition}


def _insert(session: Session, entry: Entry) -> int | None:
    """The new row's number; None where the decision was known."""
    decision = entry.decision
    values = {"at": to_micros(entry.at), "part": entry.partition, "place": entry.offset, "body": entry.body}
    names = {"source": decision.source, "ticket": decision.ticket}
    found = {"contract": decision.contract, "customer": decision.customer}
    rows = session.rows(INSERT, values | names | found)
    return rows[0]["seq"] if rows else None


def _count(session: Session, entries: Iterable[Entry], sign: int) -> None:
    counts: Counter[Count] = Counter()
    for entry in entries:
        counts.update(counts_in(entry))
    rows = [
        {"kind": one.kind.value, "starts": to_micros(one.begin), "name": one.name, "number": sign * number}
        for one, number in sorted(counts.items(), key=lambda item: (item[0].kind, item[0].begin, item[0].name))
    ]
    session.run_each(_ADD, rows)
    if sign < 0:
        keys = ("kind", "starts", "name")
        session.run_each(_NO_COUNT, [{key: row[key] for key in keys} for row in rows])
