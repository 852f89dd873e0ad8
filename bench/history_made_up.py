"""Made-up decisions, tickets and words for `bench history`, as SQL: a database is faster at that than we are."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

PEOPLE: Final = 20_000
CUSTOMERS: Final = 2_000
DAYS: Final = 30

_MICROS: Final = timedelta(microseconds=1)
_SERIES: Final = {
    "sqlite": "(WITH RECURSIVE s (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM s WHERE n + 1 < {count}) SELECT n FROM s"
    ")",
    "postgres": "(SELECT generate_series(0, {count} - 1)::bigint AS n)",
}
_LETTER: Final = {"sqlite": "char", "postgres": "chr"}
_BYTES: Final = {"sqlite": "CAST({text} AS BLOB)", "postgres": "convert_to({text}, 'UTF8')"}
_JOINED: Final = {"sqlite": "group_concat(' ' || word, '')", "postgres": "string_agg(' ' || word, '')"}

# By chance, and the same on both databases: a multiplier that is prime to what it is taken of.
_PERSON: Final = tuple(f"'p-' || ((n * 7919 + {part} * 104729) % {PEOPLE})" for part in range(3))
_ENTRY: Final = (
    """'{"person":{"kind":"contact","id":"' || PERSON || '"},"category":"site.contacts","reason":"REASON","""
    """"trigger":"opened","channel":"email"}'"""
)
_HOT: Final = (
    """CASE WHEN n % 10 = 0 THEN ',{"person":{"kind":"collaborator","id":"co-hot"},"category":"site.collaborators","""
    """"reason":"' || CASE WHEN n % 50000 = 0 THEN 'suppressed' ELSE 'own_save' END || '"}' ELSE '' END"""
)


def tables() -> tuple[str, ...]:
    """The tables that are filled."""
    return ("decisions", "decision_people", "decision_reasons", "decided_tickets", "ticket_words", "word_counts")


def fill(database: str, decisions: int, end: datetime) -> Iterator[str]:
    """The statements that make so many decisions in the last 30 days."""
    begin = (end - timedelta(days=DAYS) - datetime(1970, 1, 1, tzinfo=UTC)) // _MICROS
    step = timedelta(days=DAYS) // _MICROS // decisions
    tickets = decisions // 5
    series = _SERIES[database].format(count=decisions)
    yield f"""
        INSERT INTO decisions (at, part, place, source, ticket, contract, customer, body)
        SELECT {begin} + n * {step}, n % 3, n, '/helpdesk', 'T-' || (n * 31 % {tickets}), 'C-' || (n * 7 % 5000),
            'customer-' || (n * 13 % {CUSTOMERS}), {_BYTES[database].format(text=_body(tickets))}
        FROM {series} AS s
    """  # noqa: S608 - made-up data
    for part, person in enumerate(_PERSON):
        # Told; own_tick_off; no_rule: their bits as history.entries has them.
        outcome = (1, 1 << 18, 1 << 13)[part]
        yield f"""
            INSERT INTO decision_people (person, at, decision, outcome)
            SELECT 'contact/' || {person}, {begin} + n * {step}, n + 1, {outcome} FROM {series} AS s
        """  # noqa: S608 - made-up data
    yield f"""
        INSERT INTO decision_people (person, at, decision, outcome)
        SELECT 'collaborator/co-hot', {begin} + n * {step}, n + 1,
            CASE WHEN n % 50000 = 0 THEN {1 << 23} ELSE {1 << 22} END
        FROM {series} AS s WHERE n % 10 = 0
    """  # noqa: S608 - made-up data
    for reason in ("own_tick_off", "no_rule"):
        yield f"""
            INSERT INTO decision_reasons (reason, at, decision)
            SELECT '{reason}', {begin} + n * {step}, n + 1 FROM {series} AS s
        """  # noqa: S608 - made-up data
    yield from _counts(database, begin)
    yield from _words(database, tickets, begin)


def _body(tickets: int) -> str:
    entries = " || ',' || ".join(
        _ENTRY.replace("PERSON", person).replace("REASON", reason)
        for person, reason in zip(_PERSON[1:], ("own_tick_off", "no_rule"), strict=True)
    )
    return f"""
        '{{"event":"E-' || n || '","source":"/helpdesk","ticket":"T-' || (n * 31 % {tickets}) || '","contract":"C-' ||
        (n * 7 % 5000) || '","triggers":["opened"],"jobs":[{{"id":"5f1c0a4be7d24f7e9a0c3b1d8e6f2a90","person":' ||
        '{{"kind":"contact","id":"' || {_PERSON[0]} || '"}},"channel":"email","trigger":"opened","categories":' ||
        '["site.contacts"],"rules":["site-contacts"]}}],"skipped":[' || {entries} || {_HOT} || '],"now":' ||
        '"2026-03-02T09:15:01Z","rulebook":"068318fbd88fd037","reference":"2026-' || (n * 31 % {tickets}) ||
        '","customer":"customer-' || (n * 13 % {CUSTOMERS}) || '"}}'
    """


def _counts(database: str, begin: int) -> Iterator[str]:
    hours, days = _SERIES[database].format(count=DAYS * 24), _SERIES[database].format(count=DAYS)
    hour, rules = 3_600_000_000, _SERIES[database].format(count=300)
    for kind in ("decisions", "alerting", "alerts"):
        yield f"INSERT INTO decision_counts SELECT '{kind}', {begin} + n * {hour}, '', 1000 + n FROM {hours} AS s"  # noqa: S608
    reasons = ("stale", "no_rule", "own_tick_off", "origin", "suppressed", "no_active_mode", "not_own", "own_save")
    for name in reasons:
        yield f"INSERT INTO decision_counts SELECT 'reason', {begin} + n * {hour}, '{name}', n + 1 FROM {hours} AS s"  # noqa: S608
    yield f"""
        INSERT INTO decision_counts
        SELECT 'rule', {begin} + d.n * 24 * {hour}, 'rule-' || r.n, r.n + 1 FROM {days} AS d, {rules} AS r
    """  # noqa: S608 - made-up data


def _words(database: str, tickets: int, begin: int) -> Iterator[str]:
    letter, series = _LETTER[database], _SERIES[database].format(count=tickets)
    parts = []
    for part in range(6):
        # The third power of a number by chance: few words are common, most are rare.
        chance = f"((n * 48271 + {part} * 6700417 + n / 1000 * 7) % 999983)"
        number = f"({chance} * {chance} / 999983 * {chance} / 999983 * 3 / 100)"
        spelled = " || ".join(f"{letter}((97 + {number} / {power} % 26)::int)" for power in (1, 26, 676, 17_576))
        spelled = spelled if database == "postgres" else spelled.replace("::int", "")
        parts.append(f"SELECT {spelled} || 'o' AS word, n + 1 AS ticket FROM {series} AS s")  # noqa: S608
    parts += [f"SELECT {name} AS word, n + 1 AS ticket FROM {series} AS s" for name in ("'t'", "'' || n")]  # noqa: S608
    union = " UNION ALL ".join(parts)
    yield f"INSERT INTO ticket_words (word, ticket) SELECT DISTINCT word, ticket FROM ({union}) AS words"  # noqa: S608
    yield "INSERT INTO word_counts (word, tickets) SELECT word, COUNT(*) FROM ticket_words GROUP BY word"
    yield f"""
        INSERT INTO decided_tickets (source, ticket, id_key, reference, reference_key, title, words, seen, titled)
        SELECT '/helpdesk', 'T-' || (ticket - 1), 't-' || (ticket - 1), '2026-' || (ticket - 1),
            '2026-' || (ticket - 1), {_JOINED[database]}, {_JOINED[database]}, {begin} + ticket, 1
        FROM ticket_words GROUP BY ticket ORDER BY ticket
    """  # noqa: S608 - made-up data


def finish(database: str) -> Iterator[str]:
    """What a database does by itself in time."""
    yield "ANALYZE" if database == "sqlite" else "VACUUM ANALYZE"
