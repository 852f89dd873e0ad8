"""The history of decisions: how long each question takes, at so many decisions, and what they take on disk.

Decisions, tickets and words are made up by the database itself: 5 decisions a ticket, 3 people a decision and one
collaborator in each tenth, 8 words a ticket out of 30,000, few of them common. Each question is asked with values by
chance, through the adapter. SQLite, and PostgreSQL (a server of the benchmark's own, or with `--postgres` one that is
there, in a database that is empty). `plans` has the statements of each question with the plan of each.
"""

from __future__ import annotations

import argparse
import random
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter
from typing import Any, Final, Protocol

import psycopg

from adapters.postgres.dialect import translated
from adapters.postgres.history import PostgresHistory
from adapters.sql_ledger.session import Row, Session, Values
from adapters.sqlite.database import open_database
from adapters.sqlite.history import SqliteHistory
from bench.history_made_up import CUSTOMERS, PEOPLE, fill, finish, tables
from bench.measuring import report
from history.ports import Choice, History
from schemas.job import PersonRef
from schemas.vocabulary import PersonKind, Reason
from tests.support.databases.native import NativePostgres

END: Final = datetime(2026, 4, 1, tzinfo=UTC)
PAGE: Final = 50
HOT: Final = PersonRef(PersonKind.COLLABORATOR, "co-hot")
INDEXES: Final = """
    SELECT 'ALTER TABLE ' || conrelid::regclass || ' DROP CONSTRAINT ' || conname,
        'ALTER TABLE ' || conrelid::regclass || ' ADD CONSTRAINT ' || conname || ' ' || pg_get_constraintdef(oid)
    FROM pg_constraint WHERE contype = 'p' AND conrelid::regclass::text = ANY(%(tables)s)
    UNION ALL
    SELECT 'DROP INDEX ' || indexname, indexdef FROM pg_indexes
    WHERE tablename = ANY(%(tables)s) AND indexname NOT LIKE '%%_pkey'
"""
Question = Callable[[History, random.Random], object]


def main() -> None:
    """Fill both databases, ask, and report."""
    parser = argparse.ArgumentParser(prog="python -m bench history", description=__doc__)
    parser.add_argument("--sqlite", type=int, default=1_000_000, help="decisions in SQLite; 0: none")
    parser.add_argument("--decisions", type=int, default=10_000_000, help="decisions in PostgreSQL; 0: none")
    parser.add_argument("--asked", type=int, default=200, help="how often each question is asked")
    parser.add_argument("--postgres", help="libpq URL of a database that is empty")
    parser.add_argument("--plans", type=Path, help="a file for the plans")
    parser.add_argument("--json", action="store_true", help="print the last line alone")
    arguments = parser.parse_args()
    found: dict[str, Any] = {"bench": "history"}
    plans: list[str] = []
    if arguments.sqlite:
        with on_sqlite(arguments.sqlite) as world:
            found["sqlite"] = measured(world, arguments.sqlite, arguments.asked, plans)
    if arguments.decisions:
        with on_postgres(arguments.decisions, arguments.postgres) as world:
            found["postgresql"] = measured(world, arguments.decisions, arguments.asked, plans)
    if arguments.plans:
        arguments.plans.write_text("\n".join(plans), encoding="utf-8")
    report(found, arguments.json)


class World(Protocol):
    """A history that is filled."""

    statements: list[tuple[str, Values]]

    @property
    def history(self) -> History:
        """It."""
        ...

    @property
    def size(self) -> int:
        """Bytes on disk."""
        ...

    def plan(self, statement: str, values: Values) -> str:
        """How the database goes about it."""
        ...


def measured(world: World, decisions: int, asked: int, plans: list[str]) -> dict[str, Any]:
    """Milliseconds of each question, 95 in 100, and the size on disk."""
    times = {name: spread(world, question, decisions, asked) for name, question in questions(decisions).items()}
    for name, question in questions(decisions).items():
        world.statements.clear()
        question(world.history, random.Random(1))
        for statement, values in list(world.statements):
            plans.append(f"-- {type(world).__name__}, {name}: {' '.join(statement.split())}")
            plans.append(world.plan(statement, values))
    worst = max(times.values(), key=lambda one: one["p95_ms"])["p95_ms"]
    return {"decisions": decisions, "gib": round(world.size / 2**30, 2), "worst_p95_ms": worst, "questions": times}


def spread(world: World, question: Question, decisions: int, asked: int) -> dict[str, float]:
    """The median, and what 95 in 100 stay below."""
    rng, times = random.Random(decisions), []
    for _ in range(asked):
        begun = perf_counter()
        question(world.history, rng)
        times.append((perf_counter() - begun) * 1000)
    times.sort()
    return {"p50_ms": round(times[len(times) // 2], 1), "p95_ms": round(times[len(times) * 95 // 100], 1)}


def questions(decisions: int) -> Mapping[str, Question]:
    """What screens ask."""
    tickets = decisions // 5

    def moment(rng: random.Random) -> datetime:
        return END - timedelta(days=30 * rng.random())

    def choice(make: Callable[[random.Random], Choice]) -> Question:
        return lambda history, rng: history.decisions(make(rng), PAGE)

    def person(rng: random.Random) -> PersonRef:
        return PersonRef(PersonKind.CONTACT, f"p-{rng.randrange(PEOPLE)}")

    def further(history: History, rng: random.Random) -> object:
        one = Choice(person=HOT, until=moment(rng))
        page = history.decisions(one, PAGE)
        return history.decisions(one, PAGE, page[-1].place) if page else None

    month = (END - timedelta(days=30), END)
    return {
        "decisions of a ticket": lambda history, rng: history.of_ticket("/helpdesk", f"T-{rng.randrange(tickets)}", 50),
        "ticket by id": lambda history, rng: history.tickets_named(f"t-{rng.randrange(tickets)}", PAGE),
        "ticket by reference": lambda history, rng: history.tickets_named(f"2026-{rng.randrange(tickets)}", PAGE),
        "one rare word": lambda history, rng: history.tickets_with(word(rng.randrange(5_000, 30_000)), PAGE),
        "one common word": lambda history, rng: history.tickets_with(word(rng.randrange(20)), PAGE),
        "two letters": lambda history, rng: history.tickets_with(word(rng.randrange(700))[:2], PAGE),
        "two words": lambda history, rng: history.tickets_with(
            f"{word(rng.randrange(100, 3_000))} {word(rng.randrange(100, 3_000))}", PAGE
        ),
        "two common words": lambda history, rng: history.tickets_with(
            f"{word(rng.randrange(40))} {word(rng.randrange(40))}", PAGE
        ),
        "a person": choice(lambda rng: Choice(person=person(rng))),
        "a person, for one reason": choice(
            lambda rng: Choice(person=person(rng), reasons=frozenset({Reason.OWN_TICK_OFF}))
        ),
        "a person of a million decisions": choice(lambda rng: Choice(person=HOT, until=moment(rng))),
        "the same, next page": further,
        "the same, for a rare reason": choice(lambda _: Choice(person=HOT, reasons=frozenset({Reason.SUPPRESSED}))),
        "a contract": choice(lambda rng: Choice(contract=f"C-{rng.randrange(5_000)}")),
        "a customer in a time": choice(
            lambda rng: Choice(customer=f"customer-{rng.randrange(CUSTOMERS)}", until=moment(rng))
        ),
        "a reason in a time": choice(lambda rng: Choice(reason=Reason.NO_RULE, until=moment(rng))),
        "the newest": choice(lambda rng: Choice(until=moment(rng))),
        "counts by hour, 30 days": lambda history, _: history.hours(*month),
        "reasons, 30 days": lambda history, _: history.reasons(*month),
        "rules, 30 days": lambda history, _: history.rules(*month),
    }


def word(number: int) -> str:
    """A made-up word, as bench.history_made_up writes it."""
    letters = [chr(97 + number // power % 26) for power in (1, 26, 676, 17_576)]
    return "".join(letters) + "o"


class Recording:
    """A session that remembers what it was asked."""

    def __init__(self, inner: Session, statements: list[tuple[str, Values]]) -> None:
        self._inner = inner
        self._statements = statements

    def rows(self, statement: str, values: Values) -> Sequence[Row]:
        """See adapters.sql_ledger.session.Session."""
        self._statements.append((statement, values))
        return self._inner.rows(statement, values)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


class OnSqlite(SqliteHistory):
    """A history in a file, whose statements can be looked at."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.path, self.statements = path, list[tuple[str, Values]]()

    @property
    def history(self) -> History:
        """It."""
        return self

    @property
    def size(self) -> int:
        """Bytes of the file."""
        return self.path.stat().st_size

    @contextmanager
    def _reading(self) -> Iterator[Session]:
        with super()._reading() as session:
            yield Recording(session, self.statements)

    def plan(self, statement: str, values: Values) -> str:
        """See World."""
        with super()._reading() as session:
            return "\n".join(row["detail"] for row in session.rows(f"EXPLAIN QUERY PLAN {statement}", values))


class OnPostgres(PostgresHistory):
    """A history in PostgreSQL, likewise."""

    def __init__(self, url: str) -> None:
        super().__init__(url, connections=1)
        self.url, self.statements = url, list[tuple[str, Values]]()

    @property
    def history(self) -> History:
        """It."""
        return self

    @property
    def size(self) -> int:
        """Bytes of the database."""
        with psycopg.connect(self.url) as connection:
            rows = connection.execute("SELECT pg_database_size(current_database())").fetchall()
        return int(rows[0][0])

    @contextmanager
    def _reading(self) -> Iterator[Session]:
        with super()._reading() as session:
            yield Recording(session, self.statements)

    def plan(self, statement: str, values: Values) -> str:
        """See World."""
        own = translated(f"EXPLAIN (ANALYZE, BUFFERS, COSTS OFF) {statement}")
        with super()._reading() as session:
            return "\n".join(row["QUERY PLAN"] for row in session.rows(own, values))


@contextmanager
def on_sqlite(decisions: int) -> Iterator[World]:
    """A file with so many decisions."""
    with tempfile.TemporaryDirectory(prefix="tocsin-bench-") as folder:
        path = Path(folder) / "tocsin.db"
        with closing(open_database(path)) as database:
            # Made up at once, and thrown away.
            database.execute("PRAGMA synchronous = OFF")
            for statement in (*fill("sqlite", decisions, END), *finish("sqlite")):
                database.execute(statement)
        with closing(OnSqlite(path)) as world:
            yield world


@contextmanager
def on_postgres(decisions: int, given: str | None) -> Iterator[World]:
    """A database with so many decisions."""
    with server(given) as url:
        PostgresHistory(url).close()
        with psycopg.connect(url, autocommit=True) as connection:
            # Indexes are made anew once all is there, which is much faster.
            indexes = connection.execute(INDEXES, {"tables": list(tables())}).fetchall()
            for remove, _ in indexes:
                connection.execute(remove)
            for statement in (*fill("postgres", decisions, END), *(make for _, make in indexes), *finish("postgres")):
                connection.execute(statement)
        with closing(OnPostgres(url)) as world:
            yield world


def server(given: str | None) -> AbstractContextManager[str]:
    """The URL of a database."""

    @contextmanager
    def own() -> Iterator[str]:
        if given is not None:
            yield given
            return
        made = NativePostgres(
            {"shared_buffers": "512MB", "maintenance_work_mem": "512MB", "max_wal_size": "8GB", "wal_level": "minimal"}
            | {"max_wal_senders": "0", "checkpoint_timeout": "30min", "work_mem": "64MB"}
        )
        try:
            made.start()
            yield made.url("postgres")
        finally:
            made.remove()

    return own()
