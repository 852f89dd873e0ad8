"""What the ledger does often costs the same whether a hundred or a hundred thousand jobs wait in it."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from adapters.sqlite import ledger_sql as sql
from adapters.sqlite.database import open_database, transaction

FREQUENT = {
    name: statement
    for name, value in vars(sql).items()
    if name.isupper() and not name.startswith("_") and name != "COUNTS"
    for statement in ([value] if isinstance(value, str) else value)
}


FILL = """
    INSERT INTO jobs (id, lane, open, head, state, due, expires, diverted, attempt, unknowns, faults, changes, body)
    VALUES (?, ?, 1, ?, 'queued', ?, 99, 0, 0, 0, 0, 1, x'7b7d')
"""


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    with closing(open_database(tmp_path / "tocsin.db")) as connection:
        yield connection


def plan(connection: sqlite3.Connection, statement: str) -> list[str]:
    values = dict.fromkeys(re.findall(r":(\w+)", statement), 1)
    return [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}", values)]


def slow_steps(steps: list[str]) -> list[str]:
    # A step that scans a partial index from its end, for the smallest of a column, stops at the first row.
    return [step for step in steps if re.search(r"SCAN (jobs|job_changes|once_keys)$|TEMP B-TREE", step)]


@pytest.mark.parametrize("statement", FREQUENT.values(), ids=FREQUENT)
def test_every_frequent_statement_finds_its_rows_by_an_index(connection: sqlite3.Connection, statement: str) -> None:
    assert slow_steps(plan(connection, statement)) == []


def test_what_is_due_is_found_and_ordered_by_its_own_index(connection: sqlite3.Connection) -> None:
    assert plan(connection, sql.DUE) == ["SEARCH jobs USING INDEX jobs_due (due<?)"]


def test_the_check_sees_a_scan_and_a_sort(connection: sqlite3.Connection) -> None:
    connection.execute("DROP INDEX jobs_due")
    assert slow_steps(plan(connection, sql.DUE)) != []


@pytest.mark.parametrize("jobs", [100, 20_000])
def test_a_claim_takes_as_many_steps_with_few_jobs_as_with_many(connection: sqlite3.Connection, jobs: int) -> None:
    rows = ((f"j-{n}", f"lane-{n % (jobs // 2)}", n < jobs // 2, n % 7) for n in range(jobs))
    with transaction(connection):
        connection.executemany(FILL, rows)
    steps = 0

    def count() -> int:
        nonlocal steps
        steps += 1
        return 0

    connection.set_progress_handler(count, 1)
    assert len(connection.execute(sql.DUE, {"now": 5, "limit": 8}).fetchall()) == 8
    assert steps < 300
