"""Works of several threads in one transaction: each whole or not at all, and one commit for all that waited."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from adapters.sqlite.database import DatabaseError, open_database
from adapters.sqlite.grouped import GroupedTransactions

WITHIN = 20.0
Work = Callable[[sqlite3.Connection], int]


class File:
    """A file with a table of numbers. `commits` counts what went to the disk."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.connection = open_database(path)
        self.connection.execute("CREATE TABLE numbers (number INTEGER PRIMARY KEY, text TEXT)")
        self.commits = 0
        self.connection.set_trace_callback(self._count)
        self.grouped = GroupedTransactions(self.connection)

    def _count(self, statement: str) -> None:
        self.commits += statement == "COMMIT"

    def kept(self) -> list[int]:
        """What another reader sees."""
        with closing(sqlite3.connect(self.path)) as other:
            return [number for (number,) in other.execute("SELECT number FROM numbers ORDER BY number")]

    def together(self, *works: Work) -> list[Future[int]]:
        """Do these in as many threads, all of which wait for the first to end."""
        may_end, first = threading.Event(), threading.Event()

        def leading(_connection: sqlite3.Connection) -> int:
            first.set()
            assert may_end.wait(WITHIN)
            return 0

        with ThreadPoolExecutor(len(works) + 1) as pool:
            leader = pool.submit(self.grouped.do, leading)
            assert first.wait(WITHIN)
            asked = [pool.submit(self.grouped.do, work) for work in works]
            while len(self.grouped._waiting) < len(works):
                threading.Event().wait(0.001)
            may_end.set()
            leader.result(WITHIN)
        return asked


@pytest.fixture
def file(tmp_path: Path) -> Iterator[File]:
    made = File(tmp_path / "tocsin.db")
    yield made
    made.grouped.close()


def keep(number: int, text: str = "") -> Work:
    def work(connection: sqlite3.Connection) -> int:
        connection.execute("INSERT INTO numbers VALUES (?, ?)", (number, text))
        return number

    return work


def fails_behind(number: int) -> Work:
    def work(connection: sqlite3.Connection) -> int:
        keep(number)(connection)
        raise ValueError(number)

    return work


def test_what_waits_is_committed_together_and_each_gets_its_own_result(file: File) -> None:
    asked = file.together(*(keep(number) for number in range(20)))
    assert [one.result(0) for one in asked] == list(range(20))
    assert file.kept() == list(range(20))
    # One for the work that held the others up.
    assert file.commits == 2


def test_what_fails_is_undone_alone(file: File) -> None:
    asked = file.together(keep(1), fails_behind(2), keep(3))
    assert isinstance(asked[1].exception(0), ValueError)
    assert [asked[0].result(0), asked[2].result(0)] == [1, 3]
    assert file.kept() == [1, 3]


def test_a_constraint_that_is_hurt_fails_its_own_work_alone(file: File) -> None:
    first, second, third = file.together(keep(1), keep(1), keep(2))
    assert isinstance(second.exception(0), sqlite3.IntegrityError)
    assert (first.result(0), third.result(0)) == (1, 2)
    assert file.kept() == [1, 2]


def test_where_the_file_can_not_grow_nobody_is_told_that_it_was_done(file: File) -> None:
    pages = file.connection.execute("PRAGMA page_count").fetchone()[0]
    file.connection.execute(f"PRAGMA max_page_count = {pages + 2}")
    asked = file.together(keep(1), keep(2, "x" * 100_000), keep(3))
    done = [one.result(0) for one in asked if one.exception(0) is None]
    for one in asked:
        error = one.exception(0)
        assert error is None or (isinstance(error, DatabaseError) and error.code == "disk_full")
    assert asked[1].exception(0) is not None
    assert file.kept() == done
    file.connection.execute("PRAGMA max_page_count = 1000000")
    assert file.grouped.do(keep(4)) == 4
    assert file.kept() == [*done, 4]


def test_where_the_file_is_locked_none_of_them_was_done(file: File) -> None:
    with closing(sqlite3.connect(file.path, isolation_level=None)) as other:
        file.connection.execute("PRAGMA busy_timeout = 50")
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(DatabaseError, match="lock"):
            file.grouped.do(keep(1))
        other.execute("ROLLBACK")
    assert file.kept() == []
    assert file.grouped.do(keep(1)) == 1
