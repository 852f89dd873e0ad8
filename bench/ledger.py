"""The ledger: jobs a second from their acceptance to a recorded delivery, and what a finished job takes on disk.

The yardstick: the same JSON written, and changed twice, by the bare driver in as many transactions of the same size, in
a table of one index. Ledger and yardstick take turns on the same kind of database: SQLite, and PostgreSQL (a server of
the benchmark's own, or with `--postgres` one that is there). `ratio` is the median over the rounds.
"""

from __future__ import annotations

import argparse
import sqlite3
import tempfile
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any, Final

import msgspec
import psycopg
from msgspec import Struct

from adapters.postgres.ledger import PostgresLedger
from adapters.sqlite.ledger import SqliteLedger
from bench.measuring import report
from bench.sender_runs import jobs
from schemas.job import Job
from sender.ledger.port import Ledger
from sender.records import Report
from sender.states import State, Transition
from tests.support.databases.native import NativePostgres

ACCEPTED_AT_ONCE: Final = 500
SENT_AT_ONCE: Final = 16
"""As many as the sender claims, and writes down, together."""
LEASE: Final = timedelta(minutes=30)


class Work(Struct, frozen=True):
    """Seconds and bytes of one run."""

    accepting: float
    delivering: float
    size: int


def main() -> None:
    """Let ledger and yardstick take turns, and report."""
    parser = argparse.ArgumentParser(prog="python -m bench ledger", description=__doc__)
    parser.add_argument("--jobs", type=int, default=10_000, help="in each run")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--postgres", help="libpq URL of a database that is empty, and is emptied again")
    parser.add_argument("--json", action="store_true", help="print the last line alone")
    arguments = parser.parse_args()
    made = list(jobs(arguments.jobs))
    measured = {"sqlite": _measured(made, arguments.rounds, _on_sqlite, _bare_sqlite)}
    with _server(arguments.postgres) as url:
        measured["postgresql"] = _measured(
            made, arguments.rounds, lambda made: _on_postgres(url, made), lambda bodies: _bare_postgres(url, bodies)
        )
    size = sum(len(msgspec.json.encode(job)) for job in made) // len(made)
    report({"bench": "ledger", "jobs": arguments.jobs, "job_bytes": size, **measured}, arguments.json)


def _measured(
    made: Sequence[Job], rounds: int, ledger: Callable[[Sequence[Job]], Work], bare: Callable[[Sequence[bytes]], float]
) -> dict[str, Any]:
    bodies = [msgspec.json.encode(job) for job in made]
    pairs = [(bare(bodies), ledger(made)) for _ in range(rounds)]
    return {
        "accepted_per_second": round(len(made) / median(work.accepting for _, work in pairs)),
        "delivered_per_second": round(len(made) / median(work.delivering for _, work in pairs)),
        "bytes_per_job": round(median(work.size for _, work in pairs) / len(made)),
        "raw_per_second": round(len(made) / median(raw for raw, _ in pairs)),
        "ratio": round(median(raw / (work.accepting + work.delivering) for raw, work in pairs), 3),
    }


def _worked(ledger: Ledger, made: Sequence[Job], size: Callable[[], int]) -> Work:
    """Accept all, then claim, hand over and deliver all; what the outbox holds is taken out, as a publisher does."""
    started = perf_counter()
    for batch in _batches(made, ACCEPTED_AT_ONCE):
        ledger.accept(batch, datetime.now(UTC))
    accepted = perf_counter()
    while entries := ledger.claim(datetime.now(UTC), SENT_AT_ONCE, LEASE):
        assert len(ledger.hand_over(entries)) == len(entries)
        reports = [
            Report(one.job.id, one.standing.attempt, Transition.DELIVERED, code=250, text="2.0.0 Ok") for one in entries
        ]
        assert ledger.record(reports, datetime.now(UTC)) == []
    done = perf_counter()
    while records := ledger.outbox(ACCEPTED_AT_ONCE):
        ledger.published([one.id for one in records])
    assert ledger.counts()[State.DELIVERED] == len(made)
    return Work(accepted - started, done - accepted, size())


def _on_sqlite(made: Sequence[Job]) -> Work:
    with tempfile.TemporaryDirectory(prefix="tocsin-bench-") as folder:
        file = Path(folder) / "ledger.db"
        with closing(SqliteLedger(file)) as ledger:
            return _worked(ledger, made, lambda: _used(file))


def _used(file: Path) -> int:
    """Bytes of the pages in use; those of the outbox are free again by then."""
    with closing(sqlite3.connect(file)) as database:
        [(pages, free, size)] = database.execute(
            "SELECT page_count, freelist_count, page_size "
            "FROM pragma_page_count, pragma_freelist_count, pragma_page_size"
        )
        return int((pages - free) * size)


def _bare_sqlite(bodies: Sequence[bytes]) -> float:
    with (
        tempfile.TemporaryDirectory(prefix="tocsin-bench-") as folder,
        closing(sqlite3.connect(Path(folder) / "bare.db", isolation_level=None)) as database,
    ):
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = FULL")
        return _bare(database.execute, database.executemany, bodies, "?", "BLOB")


def _on_postgres(url: str, made: Sequence[Job]) -> Work:
    with _emptied(url), closing(PostgresLedger(url)) as ledger:
        return _worked(ledger, made, lambda: _total(url))


def _total(url: str) -> int:
    """Bytes of all tables and indexes, after the room of what is gone has been found."""
    with psycopg.connect(url, autocommit=True) as database:
        database.execute("VACUUM")
        [(size,)] = database.execute(
            "SELECT sum(pg_total_relation_size(c.oid)) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
            "WHERE c.relkind = 'r' AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')"
        )
        return int(size)


def _bare_postgres(url: str, bodies: Sequence[bytes]) -> float:
    with _emptied(url), psycopg.connect(url, autocommit=True) as database, database.cursor() as cursor:
        return _bare(cursor.execute, cursor.executemany, bodies, "%s", "BYTEA")


def _bare(
    execute: Callable[..., object], many: Callable[..., object], bodies: Sequence[bytes], mark: str, kind: str
) -> float:
    execute(f"CREATE TABLE bare (id BIGINT PRIMARY KEY, state TEXT, body {kind})")
    rows = list(enumerate(bodies))
    started = perf_counter()
    for batch in _batches(rows, ACCEPTED_AT_ONCE):
        execute("BEGIN")
        many(f"INSERT INTO bare VALUES ({mark}, 'queued', {mark})", batch)  # noqa: S608 - the mark is ours
        execute("COMMIT")
    for batch in _batches(rows, SENT_AT_ONCE):
        for state in ("sending", "delivered"):
            execute("BEGIN")
            many(f"UPDATE bare SET state = '{state}' WHERE id = {mark}", [(one,) for one, _ in batch])  # noqa: S608
            execute("COMMIT")
    return perf_counter() - started


def _batches(items: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]


@contextmanager
def _emptied(url: str) -> Iterator[None]:
    """Nothing is in the database before and after."""
    _empty(url)
    try:
        yield
    finally:
        _empty(url)


def _empty(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as database:
        database.execute("DROP SCHEMA public CASCADE")
        database.execute("CREATE SCHEMA public")


@contextmanager
def _server(given: str | None) -> Iterator[str]:
    if given is not None:
        yield given
        return
    server = NativePostgres({"fsync": "on"})
    try:
        server.start()
        name = f"bench_{uuid.uuid4().hex[:6]}"
        with psycopg.connect(server.url("postgres"), autocommit=True) as database:
            database.execute(f"CREATE DATABASE {name}")
        yield server.url(name)
    finally:
        server.remove()


if __name__ == "__main__":
    main()
