"""What the ledger does often costs the same whether a hundred or a hundred thousand jobs wait in it."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from adapters.sql_ledger import listing, storms
from adapters.sql_ledger import statements as sql
from adapters.sqlite.database import open_database, transaction
from schemas.job import PersonRef
from schemas.vocabulary import PersonKind
from sender.records import Selection
from sender.states import Hold, State
from tests.support.sender.fakes import START
from tests.support.sender.ledger_statements import FREQUENT

FILL = """
    INSERT INTO jobs
        (id, lane, open, in_lane, head, state, due, expires, diverted, attempt, unknowns, faults, changes, domain,
         recipient, saved_at, body)
    VALUES (?, ?, 1, 1, ?, 'queued', ?, 99, 0, 0, 0, 0, 1, ?, 'r', ?, x'7b7d')
"""


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    with closing(open_database(tmp_path / "tocsin.db")) as connection:
        yield connection


def plan(connection: sqlite3.Connection, statement: str) -> list[str]:
    values = dict.fromkeys(re.findall(r":(\w+)", statement), 1)
    return [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}", values)]


TABLES = "jobs|job_changes|once_keys|storms|suppressions|pauses|outbox"


def slow_steps(steps: list[str]) -> list[str]:
    # A step that scans an index from its end, or the outbox in its order, stops after as many rows as are asked for.
    return [step for step in steps if re.search(rf"SCAN ({TABLES})$|TEMP B-TREE", step) and step != "SCAN outbox"]


@pytest.mark.parametrize("statement", FREQUENT.values(), ids=FREQUENT)
def test_every_frequent_statement_finds_its_rows_by_an_index(connection: sqlite3.Connection, statement: str) -> None:
    assert slow_steps(plan(connection, statement)) == []


@pytest.mark.parametrize(
    ("ticket", "person", "state", "paged"),
    [*product([None, "T-1"], [None, PersonRef(PersonKind.CONTACT, "ct-1")], [None, State.HELD], [False, True])],
)
def test_every_list_is_read_off_one_index_in_its_order(
    connection: sqlite3.Connection, ticket: str | None, person: PersonRef | None, state: State | None, paged: bool
) -> None:
    selection = Selection(ticket, person, hold=Hold.MODE if state else None, customer="c", since=START, until=START)
    statement, _ = listing.list_statement(selection, state, paged=paged)
    [step] = [step for step in plan(connection, statement) if "SCALAR" not in step]
    leading = "ticket=? AND " if ticket else "person=? AND " if person else "state=? AND " if state else ""
    assert re.sub(r"jobs_\w+", "…", step) == f"SEARCH jobs USING INDEX … ({leading}accepted>? AND accepted<?)"


def test_a_list_of_everything_stops_at_its_end(connection: sqlite3.Connection) -> None:
    statement, _ = listing.list_statement(Selection(), None, paged=False)
    assert plan(connection, statement) == ["SCAN jobs USING INDEX jobs_accepted"]


def test_what_is_due_is_found_and_ordered_by_its_own_index(connection: sqlite3.Connection) -> None:
    for statements in (sql.DUE, sql.DUE_ELSEWHERE):
        for of in ("any", "mail"):
            assert plan(connection, statements[of])[0] == "SEARCH jobs USING INDEX jobs_due (due<?)"
        step = plan(connection, statements["texts"])[0]
        assert step == "SEARCH jobs USING INDEX jobs_texts_due (domain=? AND due<?)"


def test_the_saves_of_a_mailbox_are_counted_in_its_index_alone(connection: sqlite3.Connection) -> None:
    assert plan(connection, storms.COUNT_SAVES)[1:] == [
        "SEARCH jobs USING COVERING INDEX jobs_saves (recipient=? AND saved_at>? AND saved_at<?)",
        "SCAN counted",
        "SCALAR SUBQUERY 1",
        "SEARCH storms USING PRIMARY KEY (recipient=?)",
    ]


def test_the_check_sees_a_scan_and_a_sort(connection: sqlite3.Connection) -> None:
    connection.execute("DROP INDEX jobs_due")
    connection.execute("DROP INDEX storms_since")
    assert slow_steps(plan(connection, sql.DUE["mail"])) != []
    assert slow_steps(plan(connection, storms.OVER)) != []


def steps_of(connection: sqlite3.Connection, statement: str, values: dict[str, Any]) -> tuple[int, list[Any]]:
    """How many steps of its machine SQLite takes for a statement, and what it gives."""
    steps = 0

    def count() -> int:
        nonlocal steps
        steps += 1
        return 0

    connection.set_progress_handler(count, 1)
    found = connection.execute(statement, values).fetchall()
    connection.set_progress_handler(None, 1)
    return steps, found


def fill(connection: sqlite3.Connection, jobs: int) -> None:
    heads = jobs // 2
    rows = ((f"j-{n}", f"lane-{n % heads}", n < heads, n % 7, f"d{n % 4}.example", n) for n in range(jobs))
    with transaction(connection):
        connection.executemany(FILL, rows)


@pytest.mark.parametrize("jobs", [100, 20_000])
def test_a_claim_takes_as_many_steps_with_few_jobs_as_with_many(connection: sqlite3.Connection, jobs: int) -> None:
    fill(connection, jobs)
    values = {"now": 5, "limit": 8}
    steps, found = steps_of(connection, sql.DUE["mail"], values)
    assert (len(found), steps < 500) == (8, True)
    lists = {"not_domains": '["d0.example", "d2.example"]', "not_recipients": "[]", "despite": "[]"}
    steps, found = steps_of(connection, sql.DUE_ELSEWHERE["mail"], values | lists)
    assert (len(found), steps < 1_000) == (8, True)
    assert steps_of(connection, sql.DUE["texts"], values | {"transport": "sms"})[0] < 100


@pytest.mark.parametrize("jobs", [100, 20_000])
def test_a_mailbox_is_counted_no_further_than_its_limit(connection: sqlite3.Connection, jobs: int) -> None:
    fill(connection, jobs)
    window = {"recipient": "r", "after": -1, "saved_at": 99_999, "limit": 30}
    steps, found = steps_of(connection, storms.COUNT_SAVES, window)
    assert (found[0][0], steps < 400) == (30, True)
