"""Tickets: what their newest event says of them, and the words by which they are found."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from msgspec import structs

from adapters.sql_ledger.moments import from_micros, to_micros
from adapters.sql_ledger.session import Row, Session
from history.entries import Sighting, joined, name_key
from history.ports import KeptTicket, Page
from history.words import words_of

COLUMNS: Final = "seq, source, ticket, reference, title, words, seen, titled"

KNOWN: Final = f"SELECT {COLUMNS} FROM decided_tickets WHERE source = :source AND ticket = :ticket"  # noqa: S608
_INSERT: Final = """
    INSERT INTO decided_tickets (source, ticket, id_key, reference, reference_key, title, words, seen, titled)
    VALUES (:source, :ticket, :id_key, :reference, :reference_key, :title, :words, :seen, :titled) RETURNING seq
"""
_UPDATE: Final = """
    UPDATE decided_tickets SET reference = :reference, reference_key = :reference_key, title = :title, words = :words,
        seen = :seen, titled = :titled
    WHERE seq = :seq
"""
_ADD_WORD: Final = "INSERT INTO ticket_words (word, ticket) VALUES (:word, :seq)"
_COUNT_WORD: Final = """
    INSERT INTO word_counts (word, tickets) VALUES (:word, 1)
    ON CONFLICT (word) DO UPDATE SET tickets = word_counts.tickets + 1
"""
_DROP_WORD: Final = "DELETE FROM ticket_words WHERE word = :word AND ticket = :seq"
_UNCOUNT_WORD: Final = "UPDATE word_counts SET tickets = tickets - 1 WHERE word = :word"
_NO_WORD: Final = "DELETE FROM word_counts WHERE word = :word AND tickets = 0"

OLDEST: Final = f"""
    SELECT {COLUMNS} FROM decided_tickets INDEXED BY decided_tickets_seen
    WHERE seen < :before ORDER BY seen, seq LIMIT :limit
"""  # noqa: S608 - names of columns
PAGE: Final = f"SELECT {COLUMNS} FROM decided_tickets WHERE seq > :after ORDER BY seq LIMIT :limit"  # noqa: S608
_DELETE: Final = "DELETE FROM decided_tickets WHERE seq = :seq"

BY_ID: Final = f"""
    SELECT {COLUMNS} FROM decided_tickets INDEXED BY decided_tickets_id
    WHERE id_key = :name ORDER BY seq DESC LIMIT :limit
"""  # noqa: S608 - names of columns
BY_REFERENCE: Final = f"""
    SELECT {COLUMNS} FROM decided_tickets INDEXED BY decided_tickets_reference
    WHERE reference_key = :name ORDER BY seq DESC LIMIT :limit
"""  # noqa: S608 - names of columns

WORDS_ASKED: Final = 8
"""Words of a question that count."""
RARE: Final = 20_000
"""Where no more tickets have each word, those that have all are found by the words alone."""
FEW: Final = 3_000
"""Where no more tickets have a word, each is looked at for the common ones."""
VOCABULARY: Final = 2_000
"""Words with one beginning of which the tickets are counted; where there are more, the beginning is common."""
LOOKED_THROUGH: Final = 20_000
"""Tickets that a question of common words alone looks through for a page."""

COMMON: Final = """
    SELECT COUNT(*) AS words, COALESCE(SUM(tickets), 0) AS tickets FROM (
        SELECT tickets FROM word_counts WHERE word >= :begin AND word < :end LIMIT :limit
    ) AS counted
"""
_LAST: Final = "\U0010ffff"


def see(session: Session, sighting: Sighting) -> None:
    """Keep what is said of a ticket, joined with what is known of it."""
    rows = session.rows(KNOWN, {"source": sighting.source, "ticket": sighting.ticket})
    if rows:
        _change(session, rows[0], joined(_known(rows[0], sighting), sighting))
    else:
        _insert(session, sighting)


def _known(row: Row, of: Sighting) -> Sighting:
    # Source and id as they came: a database may not give back a text as it took it.
    return structs.replace(
        of,
        reference=row["reference"],
        title=row["title"],
        seen=from_micros(row["seen"]),
        is_of_event=bool(row["titled"]),
    )


def _insert(session: Session, sighting: Sighting) -> None:
    id_key, _ = sighting.names
    values = {"source": sighting.source, "ticket": sighting.ticket, "id_key": id_key}
    [row] = session.rows(_INSERT, values | _values(sighting))
    _add_words(session, row["seq"], sighting.words)


def _change(session: Session, row: Row, sighting: Sighting) -> None:
    values = _values(sighting)
    if all(row[name] == values[name] for name in ("reference", "title", "seen", "titled")):
        return
    words, before = sighting.words, row["words"].split()
    _drop_words(session, row["seq"], [one for one in before if one not in words])
    _add_words(session, row["seq"], [one for one in words if one not in before])
    session.run(_UPDATE, values | {"seq": row["seq"]})


def _values(sighting: Sighting) -> dict[str, Any]:
    _, reference_key = sighting.names
    return {
        "reference": sighting.reference,
        "reference_key": reference_key,
        "title": sighting.title,
        "words": "".join(f" {word}" for word in sighting.words),
        "seen": to_micros(sighting.seen),
        "titled": int(sighting.is_of_event),
    }


def _add_words(session: Session, seq: int, words: Sequence[str]) -> None:
    session.run_each(_ADD_WORD, [{"word": word, "seq": seq} for word in words])
    session.run_each(_COUNT_WORD, [{"word": word} for word in words])


def _drop_words(session: Session, seq: int, words: Sequence[str]) -> None:
    session.run_each(_DROP_WORD, [{"word": word, "seq": seq} for word in words])
    session.run_each(_UNCOUNT_WORD, [{"word": word} for word in words])
    session.run_each(_NO_WORD, [{"word": word} for word in words])


def prune(session: Session, before: int, limit: int) -> int:
    """Forget tickets of which nothing came since; says how many."""
    rows = session.rows(OLDEST, {"before": before, "limit": limit})
    for row in rows:
        _drop_words(session, row["seq"], row["words"].split())
    session.run_each(_DELETE, [{"seq": row["seq"]} for row in rows])
    return len(rows)


def rewrite_page(session: Session, text: Callable[[str], str], after: int, limit: int) -> tuple[int, int | None]:
    """Give the titles of a page of tickets other words. Says how many were changed, and behind which it goes on."""
    rows = session.rows(PAGE, {"after": after, "limit": limit})
    changed = 0
    for row in rows:
        title = None if row["title"] is None else text(row["title"])
        if title != row["title"]:
            known = Sighting(row["source"], row["ticket"], None, None, from_micros(row["seen"]), is_of_event=True)
            _change(session, row, structs.replace(_known(row, known), title=title))
            changed += 1
    return changed, rows[-1]["seq"] if len(rows) == limit else None


def named(session: Session, name: str, limit: int) -> list[KeptTicket]:
    """See history.ports.History."""
    values = {"name": name_key(name), "limit": limit}
    rows = [*session.rows(BY_ID, values), *session.rows(BY_REFERENCE, values)]
    found = {row["seq"]: row for row in rows}
    return [ticket_of(found[seq]) for seq in sorted(found, reverse=True)][:limit]


def with_words(session: Session, text: str, limit: int, before: int | None) -> Page[KeptTicket]:
    """See history.ports.History."""
    words = words_of(text)[:WORDS_ASKED]
    if not words:
        return Page([])
    tickets = {word: _tickets_with(session, word) for word in words}
    few = RARE if max(tickets.values()) <= RARE else FEW
    rare = [word for word in words if tickets[word] <= few]
    place = 2**62 if before is None else before
    if not rare:
        return _looked_through(session, words, limit, place)
    statement, values = rare_statement(rare, [word for word in words if tickets[word] > few])
    rows = session.rows(statement, values | {"before": place, "limit": limit})
    return Page([*map(ticket_of, rows)], rows[-1]["seq"] if len(rows) == limit else None)


def _tickets_with(session: Session, word: str) -> int:
    """How many tickets have words that begin so, at most: one that has two of them counts for both."""
    [row] = session.rows(COMMON, {"begin": word, "end": word + _LAST, "limit": VOCABULARY})
    return RARE + 1 if row["words"] == VOCABULARY else int(row["tickets"])


def rare_statement(rare: Sequence[str], common: Sequence[str]) -> tuple[str, dict[str, Any]]:
    """The tickets that have all rare words, of which the common ones are looked for in each."""
    parts = [
        f"SELECT ticket AS hit FROM ticket_words WHERE word >= :begin_{letter} AND word < :end_{letter}"  # noqa: S608 - a name
        for letter, _ in zip(_LETTERS, rare, strict=False)
    ]
    values = {f"begin_{letter}": word for letter, word in zip(_LETTERS, rare, strict=False)}
    values |= {f"end_{letter}": word + _LAST for letter, word in zip(_LETTERS, rare, strict=False)}
    found = " INTERSECT ".join(parts) if len(parts) > 1 else parts[0].replace("SELECT", "SELECT DISTINCT", 1)
    newest = f"SELECT hit FROM ({found}) AS hits WHERE hit < :before"  # noqa: S608 - of the parts above
    like, more = _likes(common)
    if not common:
        # No more tickets are read than are told.
        newest += " ORDER BY hit DESC LIMIT :limit"
    statement = f"""
        SELECT {COLUMNS} FROM ({newest}) AS found JOIN decided_tickets ON seq = found.hit
        WHERE TRUE{like} ORDER BY hit DESC LIMIT :limit
    """  # noqa: S608 - names of columns and values
    return statement, values | more


def scan_statement(words: Sequence[str]) -> tuple[str, dict[str, Any]]:
    """The tickets with these words, of those that were first heard of last."""
    like, values = _likes(words)
    statement = f"""
        SELECT {COLUMNS} FROM (
            SELECT {COLUMNS} FROM decided_tickets WHERE seq < :before ORDER BY seq DESC LIMIT :most
        ) AS newest
        WHERE TRUE{like} ORDER BY seq DESC LIMIT :limit
    """  # noqa: S608 - names of columns and values
    return statement, values


END_OF_SCAN: Final = """
    SELECT COUNT(*) AS tickets, MIN(seq) AS last FROM (
        SELECT seq FROM decided_tickets WHERE seq < :before ORDER BY seq DESC LIMIT :most
    ) AS newest
"""


def _looked_through(session: Session, words: Sequence[str], limit: int, before: int) -> Page[KeptTicket]:
    statement, values = scan_statement(words)
    place = {"before": before, "most": LOOKED_THROUGH}
    rows = session.rows(statement, values | place | {"limit": limit})
    items = [*map(ticket_of, rows)]
    if len(rows) == limit:
        return Page(items, rows[-1]["seq"])
    [end] = session.rows(END_OF_SCAN, place)
    return Page(items, end["last"] if end["tickets"] == LOOKED_THROUGH else None)


_LETTERS: Final = "abcdefgh"


def _likes(words: Sequence[str]) -> tuple[str, dict[str, Any]]:
    """Words are letters and digits, so that none is taken for a pattern."""
    named_words = list(zip(_LETTERS, words, strict=False))
    like = "".join(f" AND words LIKE :like_{letter}" for letter, _ in named_words)
    return like, {f"like_{letter}": f"% {word}%" for letter, word in named_words}


def ticket_of(row: Row) -> KeptTicket:
    """The ticket in a row."""
    return KeptTicket(
        row["source"], row["ticket"], row["reference"], row["title"], from_micros(row["seen"]), row["seq"]
    )
