"""What is asked of a history is found by an index, however many decisions it has."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from adapters.sqlite.database import open_database
from tests.support.history.statements import EVERY, LISTS


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    with closing(open_database(tmp_path / "tocsin.db")) as connection:
        yield connection


def plan(connection: sqlite3.Connection, statement: str) -> list[str]:
    values = dict.fromkeys(re.findall(r":(\w+)", statement), 1)
    return [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}", values)]


def scans(steps: list[str]) -> list[str]:
    # A scan of an index in its order ends with the limit; what is scanned by another name is at most that long.
    return [
        one for one in steps if re.match(r"SCAN \w+$", one) and not re.search("found|hits|newest|counted|subquery", one)
    ]


@pytest.mark.parametrize("statement", EVERY.values(), ids=EVERY)
def test_every_statement_finds_its_rows_by_an_index(connection: sqlite3.Connection, statement: str) -> None:
    assert scans(plan(connection, statement)) == []


@pytest.mark.parametrize("statement", LISTS.values(), ids=LISTS)
def test_lists_are_read_in_the_order_of_their_index(connection: sqlite3.Connection, statement: str) -> None:
    steps = plan(connection, statement)
    # Where there is a list of people or reasons, the rows of one page may be sorted once more.
    assert not [one for one in steps[: 2 if "found" in statement else None] if "TEMP B-TREE" in one]


def test_the_check_sees_a_scan(connection: sqlite3.Connection) -> None:
    connection.execute("DROP INDEX decided_tickets_ticket")
    assert scans(plan(connection, EVERY["known"])) != []
