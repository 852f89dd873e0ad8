"""What the ledger does often finds its rows by an index, before the server has figures on its tables and after."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import product

import pytest

from adapters.postgres.dialect import translated
from adapters.postgres.server import Connection, Limits, Server
from adapters.sql_ledger import listing, storms
from adapters.sql_ledger import statements as sql
from schemas.job import PersonRef
from schemas.vocabulary import PersonKind
from sender.records import Selection
from sender.states import Hold, State
from tests.support.databases.fixtures import DatabaseServer, made_in
from tests.support.sender.fakes import START
from tests.support.sender.ledger_statements import FREQUENT

pytestmark = pytest.mark.postgres

FILL = """
    INSERT INTO jobs (id, lane, open, in_lane, head, state, due, expires, diverted, attempt, unknowns, faults, changes,
        released, digest, ticket, person, template, domain, recipient, saved_at, accepted, changed, body)
    SELECT 'j-' || n, 'lane-' || n % 10000, 1, 1, CASE WHEN n <= 10000 THEN 1 ELSE 0 END, 'queued', n % 7, 99, 0, 0, 0,
        0, 1, 0, 0, 't-' || n, 'p-' || n, 't', 'd' || n % 4, 'r' || n % 50, n, n, n, '{}'
    FROM generate_series(1, 20000) AS n
"""

LISTS = {"not_domains", "not_recipients", "despite", "besides"}

FILL_OTHERS = (
    "INSERT INTO job_changes SELECT seq, 0, 1, 0, NULL, 'accepted', 'queued' FROM jobs",
    "INSERT INTO outbox (topic) SELECT 't' FROM generate_series(1, 5000)",
    "INSERT INTO once_keys SELECT 'k' || n, 's', 'e', n FROM generate_series(1, 5000) AS n",
    "INSERT INTO storms SELECT 'r' || n, n, n FROM generate_series(1, 5000) AS n",
    "INSERT INTO suppressions SELECT n, n, n, '{}' FROM generate_series(1, 5000) AS n",
)


@pytest.fixture(scope="module", params=["as it grew", "analyzed"])
def connection(
    database_server: DatabaseServer, migrated_database: str, request: pytest.FixtureRequest
) -> Iterator[Connection]:
    with (
        made_in(database_server, f"TEMPLATE {migrated_database}") as name,
        connected(database_server.url(name)) as made,
    ):
        for statement in (FILL, *FILL_OTHERS):
            made.execute(statement)
        if request.param == "analyzed":
            made.execute("VACUUM ANALYZE")
        yield made


def connected(url: str) -> Connection:
    return Server(url).connect(Limits())


def plan(connection: Connection, statement: str) -> str:
    """The plan for values that are not known yet, as of a prepared statement."""
    own = translated(statement)
    values = {name: "[]" if name in LISTS else "1" for name in re.findall(r"%\((\w+)\)s", own)}
    # A text takes the type that it meets; a flag meets two.
    rows = connection.execute("EXPLAIN " + own, values | {"open": 1, "in_lane": 1}).fetchall()
    return "\n".join(row["QUERY PLAN"] for row in rows)


@pytest.mark.parametrize("statement", FREQUENT.values(), ids=FREQUENT)
def test_every_frequent_statement_finds_its_rows_by_an_index(connection: Connection, statement: str) -> None:
    assert "Seq Scan" not in plan(connection, statement)


@pytest.mark.parametrize(
    "statement",
    [*sql.DUE.values(), *sql.DUE_ELSEWHERE.values(), sql.LAPSED, sql.OVERDUE, sql.OUTBOX, sql.NEXT_TRY, *sql.NEXT_END],
)
def test_what_comes_first_is_read_in_the_order_of_its_index(connection: Connection, statement: str) -> None:
    steps = plan(connection, statement)
    assert "Sort" not in steps
    assert "Bitmap" not in steps


@pytest.mark.parametrize(
    ("ticket", "person", "state", "paged"),
    [*product([None, "T-1"], [None, PersonRef(PersonKind.CONTACT, "ct-1")], [None, State.HELD], [False, True])],
)
def test_lists_are_read_off_an_index(
    connection: Connection, ticket: str | None, person: PersonRef | None, state: State | None, paged: bool
) -> None:
    selection = Selection(ticket, person, hold=Hold.MODE if state else None, customer="c", since=START, until=START)
    statement, _ = listing.list_statement(selection, state, paged=paged)
    assert "Seq Scan" not in plan(connection, statement)


def test_the_check_sees_a_scan(connection: Connection) -> None:
    with connection.transaction(force_rollback=True):
        connection.execute("DROP INDEX jobs_due; DROP INDEX jobs_one_head; DROP INDEX jobs_saves")
        assert re.search("Seq Scan|Sort", plan(connection, sql.DUE["mail"]))
        assert "Seq Scan" in plan(connection, storms.COUNT_SAVES)


def test_a_claim_reads_as_little_of_many_jobs_as_of_few(connection: Connection) -> None:
    rows = connection.execute(
        "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) " + translated(sql.DUE["mail"]),
        {"now": 5, "limit": 8},
    ).fetchall()
    top = rows[0]["QUERY PLAN"][0]["Plan"]
    assert top["Actual Rows"] == 8
    assert top["Shared Hit Blocks"] + top["Shared Read Blocks"] < 100


def test_statements_are_put_into_the_words_of_psycopg_and_postgresql() -> None:
    own = translated("SELECT :a::text, :b_c FROM jobs INDEXED BY jobs_due WHERE x = json_each(:c) /*pg FOR UPDATE */")
    words = "SELECT %(a)s::text, %(b_c)s FROM jobs WHERE x = json_array_elements_text(%(c)s) FOR UPDATE"
    assert own.split() == words.split()
