"""The file of embedded mode: opened with its guarantees, and with a named error for whatever it is not."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from adapters.sql_ledger.moments import from_micros, to_micros
from adapters.sqlite.database import DatabaseError, open_database, transaction
from adapters.sqlite.ledger import SqliteLedger
from sender.ledger.port import LedgerUnavailableError
from sender.records import Report
from sender.states import State, Transition
from tests.support.sender.fakes import START, a_job

AT_ONCE = timedelta(0)
LEASE = timedelta(minutes=5)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "tocsin.db"


@pytest.fixture
def ledger(path: Path) -> Iterator[SqliteLedger]:
    ledger = SqliteLedger(path, AT_ONCE)
    yield ledger
    ledger.close()


def pragma(connection: sqlite3.Connection, name: str) -> object:
    return connection.execute(f"PRAGMA {name}").fetchone()[0]


def test_a_new_file_has_its_guarantees_and_is_its_owners_alone(path: Path) -> None:
    with closing(open_database(path)) as connection:
        assert pragma(connection, "journal_mode") == "wal"
        assert pragma(connection, "synchronous") == 2
        assert pragma(connection, "foreign_keys") == 1
        assert int(str(pragma(connection, "user_version"))) >= 1
        tables = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()
        assert {("jobs",), ("job_changes",), ("once_keys",)} <= set(tables)
    assert path.stat().st_mode & 0o077 == 0


def test_it_is_opened_again_with_what_was_in_it(path: Path) -> None:
    with closing(SqliteLedger(path)) as ledger:
        ledger.accept([a_job()], START)
    with closing(SqliteLedger(path)) as ledger:
        assert ledger.counts()[State.QUEUED] == 1


def test_several_may_open_a_new_file_at_once(tmp_path: Path) -> None:
    def use(name: str) -> int:
        with closing(open_database(tmp_path / name)) as connection:
            return int(str(pragma(connection, "user_version")))

    with ThreadPoolExecutor(8) as pool:
        for round_ in range(5):
            assert len(set(pool.map(use, [f"{round_}.db"] * 8))) == 1


def newer(path: Path) -> None:
    with closing(open_database(path)) as connection:
        connection.execute("PRAGMA user_version = 999")


def foreign(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE accounts (id INTEGER)")


def text(path: Path) -> None:
    path.write_text("this is a text of some length, not a database\n" * 100)


def damaged(path: Path) -> None:
    open_database(path).close()
    whole = path.read_bytes()
    path.write_bytes(whole[:100] + b"\xff" * (len(whole) - 100))


@pytest.mark.parametrize(
    ("prepare", "code"),
    [(newer, "newer_version"), (foreign, "foreign_database"), (text, "not_a_database"), (damaged, "damaged")],
)
def test_a_file_that_is_not_ours_is_refused_by_name_and_left_alone(path: Path, prepare: object, code: str) -> None:
    assert callable(prepare)
    prepare(path)
    before = path.read_bytes()
    with pytest.raises(DatabaseError, match=path.name) as caught:
        open_database(path)
    assert caught.value.code == code
    assert path.read_bytes() == before


def test_a_folder_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(LedgerUnavailableError, match=r"missing/tocsin\.db: it can't be opened") as caught:
        SqliteLedger(tmp_path / "missing" / "tocsin.db")
    assert caught.value.code == "cannot_open"


def insert_and_fail(connection: sqlite3.Connection) -> None:
    with transaction(connection):
        connection.execute("INSERT INTO once_keys VALUES ('k', 's', 'e', 1)")
        raise KeyError


def test_a_transaction_happens_whole_or_not_at_all(path: Path) -> None:
    with closing(open_database(path)) as connection:
        with pytest.raises(KeyError):
            insert_and_fail(connection)
        assert connection.execute("SELECT COUNT(*) FROM once_keys").fetchone() == (0,)
        with transaction(connection):
            connection.execute("INSERT INTO once_keys VALUES ('k', 's', 'e', 1)")
        with pytest.raises(sqlite3.IntegrityError), transaction(connection):
            connection.execute("INSERT INTO once_keys VALUES ('k', 's', 'e', 1)")


def test_a_full_disk_is_named_and_loses_nothing(ledger: SqliteLedger) -> None:
    ledger.accept([a_job("e-1")], START)
    pages = ledger._shared.connection.execute("PRAGMA page_count").fetchone()[0]
    ledger._shared.connection.execute(f"PRAGMA max_page_count = {pages}")
    many = [a_job(f"f-{number}") for number in range(100)]
    with pytest.raises(LedgerUnavailableError, match="disk is full") as caught:
        ledger.accept(many, START)
    assert caught.value.code == "disk_full"
    assert ledger.counts()[State.QUEUED] == 1
    ledger._shared.connection.execute("PRAGMA max_page_count = 100000")
    ledger.accept(many, START)
    assert ledger.counts()[State.QUEUED] == 101


def test_a_lock_that_is_not_given_back_is_named(path: Path, ledger: SqliteLedger) -> None:
    with closing(open_database(path)) as other, transaction(other):
        with pytest.raises(LedgerUnavailableError, match="another process") as caught:
            ledger.accept([a_job()], START)
        assert caught.value.code == "locked"
    ledger.accept([a_job()], START)


def test_a_file_that_can_not_be_written_is_named(ledger: SqliteLedger) -> None:
    ledger.accept([a_job()], START)
    ledger._shared.connection.execute("PRAGMA query_only = 1")
    with pytest.raises(LedgerUnavailableError, match="permissions") as caught:
        ledger.claim(START, 1, LEASE)
    assert caught.value.code == "read_only"


def test_threads_take_turns_on_one_ledger(ledger: SqliteLedger) -> None:
    jobs = [a_job(f"e-{number}", f"T-{number}") for number in range(80)]

    def work(index: int) -> int:
        ledger.accept(jobs[index * 10 : index * 10 + 10], START)
        claimed = ledger.claim(START, 10, LEASE)
        void = ledger.record([Report(entry.job.id, 1, Transition.DELIVERED) for entry in claimed], START)
        return len(claimed) - len(void)

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(work, range(8))) == ledger.counts()[State.DELIVERED] == 80


def test_moments_keep_their_microseconds() -> None:
    moment = START + timedelta(microseconds=1)
    assert from_micros(to_micros(moment)) == moment
    assert to_micros(from_micros(-1)) == -1
