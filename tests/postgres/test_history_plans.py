"""What is asked of a history is found by an index, before the server has figures on its tables and after."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from adapters.postgres.dialect import translated
from adapters.postgres.server import Connection, Limits, Server
from tests.support.databases.fixtures import DatabaseServer, made_in
from tests.support.history.statements import EVERY, LISTS

pytestmark = pytest.mark.postgres

FILL = (
    """
    INSERT INTO decisions (at, part, place, source, ticket, contract, customer, body)
    SELECT n, n % 3, n, '/helpdesk', 't-' || n % 4000, 'c-' || n % 50, 'a-' || n % 20, '{}'
    FROM generate_series(1, 20000) AS n
    """,
    "INSERT INTO decision_people SELECT 'contact/' || seq % 100, at, seq, 1 FROM decisions",
    "INSERT INTO decision_reasons SELECT 'r' || seq % 10, at, seq FROM decisions",
    "INSERT INTO decision_counts SELECT 'reason', n, 'r' || n % 10, 1 FROM generate_series(1, 5000) AS n",
    """
    INSERT INTO decided_tickets (source, ticket, id_key, reference_key, title, words, seen, titled)
    SELECT '/helpdesk', 't-' || n, 't-' || n, 'r-' || n, 'w' || n, ' w' || n, n, 1 FROM generate_series(1, 5000) AS n
    """,
    "INSERT INTO ticket_words SELECT 'w' || seq, seq FROM decided_tickets",
    "INSERT INTO word_counts SELECT word, 1 FROM ticket_words",
)

TEXTS = re.compile("begin|end|like|name|source|ticket|person|reason$|kind|contract|customer")


@pytest.fixture(scope="module", params=["as it grew", "analyzed"])
def connection(
    database_server: DatabaseServer, migrated_database: str, request: pytest.FixtureRequest
) -> Iterator[Connection]:
    with (
        made_in(database_server, f"TEMPLATE {migrated_database}") as name,
        Server(database_server.url(name)).connect(Limits()) as made,
    ):
        for statement in FILL:
            made.execute(statement)
        if request.param == "analyzed":
            made.execute("VACUUM ANALYZE")
        yield made


def plan(connection: Connection, statement: str) -> str:
    own = translated(statement)
    values = dict.fromkeys(re.findall(r"%\((\w+)\)s", own), 1)
    texts = {
        name: "1"
        for name in values
        if re.match("begin|end|like|name|source|ticket|person|reason$|kind|contract|customer", name)
    }
    rows = connection.execute("EXPLAIN " + own, values | texts).fetchall()
    return "\n".join(row["QUERY PLAN"] for row in rows)


@pytest.mark.parametrize("statement", EVERY.values(), ids=EVERY)
def test_every_statement_finds_its_rows_by_an_index(connection: Connection, statement: str) -> None:
    assert "Seq Scan" not in plan(connection, statement)


@pytest.mark.parametrize("connection", ["analyzed"], indirect=True)
@pytest.mark.parametrize("statement", LISTS.values(), ids=LISTS)
def test_lists_are_read_in_the_order_of_their_index(connection: Connection, statement: str) -> None:
    steps = plan(connection, statement)
    # Where there is a list of people or reasons, the rows of one page may be sorted once more.
    assert len(re.findall(r"\bSort\b  ", steps)) <= ("found" in statement)
    assert "Bitmap" not in steps


def test_the_check_sees_a_scan(connection: Connection) -> None:
    with connection.transaction(force_rollback=True):
        connection.execute("DROP INDEX decided_tickets_ticket")
        assert "Seq Scan" in plan(connection, EVERY["known"])
