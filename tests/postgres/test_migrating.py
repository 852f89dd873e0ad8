"""The database is brought up to date once, whoever starts, and what isn't ours is left alone."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from threading import Barrier

import psycopg
import pytest

from adapters.postgres import migrating
from adapters.postgres.ledger import PostgresLedger
from adapters.sql_ledger.migrations import scripts_of
from sender.records import Admission
from tests.postgres.places import admin, code_of, ledger_at
from tests.support.databases.fixtures import DatabaseServer, made_in
from tests.support.sender import respelled_ledger
from tests.support.sender.fakes import START, a_job

pytestmark = pytest.mark.postgres

LATEST = len(scripts_of("adapters.postgres"))
MORE = "ALTER TABLE jobs ADD COLUMN more integer; CREATE INDEX jobs_more ON jobs (more)"


def version(url: str) -> object:
    with closing(psycopg.connect(url)) as connection:
        return connection.execute("SELECT program, version FROM schema_version").fetchall()


def test_senders_that_start_at_once_make_the_tables_once(empty_database: str) -> None:
    start = Barrier(6)

    def begin(number: int) -> Admission:
        start.wait()
        with ledger_at(empty_database) as ledger:
            return ledger.accept([a_job()], START)[0]

    with ThreadPoolExecutor(6) as threads:
        admissions = list(threads.map(begin, range(6)))
    assert sorted(admissions) == [Admission.ACCEPTED, *[Admission.DUPLICATE] * 5]
    assert version(empty_database) == [("tocsin", LATEST)]


def test_a_later_migration_finds_the_jobs_of_an_older_version(
    empty_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ledger_at(empty_database) as ledger:
        ledger.accept([a_job()], START)
    scripts = scripts_of("adapters.postgres")
    monkeypatch.setattr(migrating, "scripts_of", lambda _: [*scripts, MORE])
    for _ in range(2):
        with ledger_at(empty_database) as ledger:
            assert ledger.accept([a_job()], START) == [Admission.DUPLICATE]
    assert version(empty_database) == [("tocsin", LATEST + 1)]


def test_what_was_kept_under_two_spellings_of_a_mailbox_is_one(
    empty_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = scripts_of("adapters.postgres")[: migrating._MAILBOXES - 1]
    with monkeypatch.context() as patch, respelled_ledger.older_mailboxes(monkeypatch):
        patch.setattr(migrating, "scripts_of", lambda _: before)
        with ledger_at(empty_database) as older:
            respelled_ledger.fill(older)
    with ledger_at(empty_database) as ledger:
        respelled_ledger.check(ledger)


def test_a_migration_that_fails_leaves_all_as_it_was(empty_database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with ledger_at(empty_database):
        pass
    scripts = scripts_of("adapters.postgres")
    monkeypatch.setattr(migrating, "scripts_of", lambda _: [*scripts, MORE, "CREATE TABLE jobs ()"])
    assert code_of(lambda: PostgresLedger(empty_database)) == "storage_error"
    assert version(empty_database) == [("tocsin", LATEST)]
    with closing(psycopg.connect(empty_database)) as connection, pytest.raises(psycopg.errors.UndefinedColumn):
        connection.execute("SELECT more FROM jobs")


@pytest.mark.parametrize(
    ("statements", "code"),
    [
        (["UPDATE schema_version SET version = 99"], "newer_version"),
        (["DROP TABLE schema_version"], "foreign_database"),
        (["UPDATE schema_version SET program = 'other'"], "foreign_database"),
        (["DROP TABLE schema_version", "CREATE TABLE schema_version (installed_rank integer)"], "foreign_database"),
    ],
)
def test_what_is_not_ours_or_newer_is_refused(postgres_url: str, statements: list[str], code: str) -> None:
    admin(postgres_url, *statements)
    assert code_of(lambda: PostgresLedger(postgres_url)) == code


def test_a_search_path_to_nowhere_is_named(empty_database: str) -> None:
    admin(empty_database, f"ALTER DATABASE {empty_database.rpartition('/')[2]} SET search_path = nowhere")
    assert code_of(lambda: PostgresLedger(empty_database)) == "no_schema"


def test_a_schema_of_its_own_is_chosen_by_the_search_path(empty_database: str) -> None:
    admin(empty_database, "CREATE SCHEMA tocsin", "CREATE TABLE jobs (another_program integer)")
    with ledger_at(empty_database + "?options=-csearch_path%3Dtocsin") as ledger:
        assert ledger.accept([a_job()], START) == [Admission.ACCEPTED]
    assert code_of(lambda: PostgresLedger(empty_database)) == "foreign_database"


def test_a_database_in_another_encoding_is_refused(database_server: DatabaseServer) -> None:
    with made_in(database_server, "TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE 'C'") as name:
        assert code_of(lambda: PostgresLedger(database_server.url(name))) == "not_utf8"
