"""Why there is no connection is said by name, and the password never."""

from __future__ import annotations

import logging
import socket
import ssl
from contextlib import closing, suppress
from pathlib import Path

import psycopg
import pytest
import trustme

from adapters.postgres.ledger import PostgresLedger
from adapters.postgres.server import Server
from sender.ledger.port import LedgerUnavailableError
from sender.states import State
from tests.postgres.places import SECRET, admin, code_of, ledger_at
from tests.support.brokers.native import HOST, free_ports
from tests.support.databases.fixtures import DatabaseServer
from tests.support.databases.native import PASSWORD, NativePostgres
from tests.support.databases.tls_front import TlsFront

pytestmark = pytest.mark.postgres

WRONG = [
    ("postgresql://postgres:hunter2s@{host}/postgres", "auth_failed"),
    ("postgresql://nobody:hunter2s@{host}/postgres", "auth_failed"),
    ("host=127.0.0.1 port={port} user=postgres password=hunter2s", "auth_failed"),
    ("postgresql://postgres:s3cr3t%254@{host}/nowhere", "no_database"),
    ("postgresql://postgres:hunter2s@127.0.0.1:{closed}/postgres", "unreachable"),
    ("postgresql://postgres:hunter2s@no-such-host.invalid/postgres", "unreachable"),
    ("postgresql://postgres:hunter2s@{silent}/postgres?connect_timeout=2", "unreachable"),
    ("postgresql://postgres:s3cr3t%254@{host}/postgres?sslmode=require", "tls_failed"),
    # Not quoted as it should be, a piece of the password looks like a host, or the whole like no URL at all.
    ("postgresql://postgres:pa@hunter2s@{host}/postgres", "unreachable"),
    ("postgresql://postgres:hunter2s%zz@{host}/postgres", "bad_url"),
    ("postgresql://postgres:hunter2s@{host}/postgres?nonsense=1", "bad_url"),
    ("hunter2s", "bad_url"),
]


@pytest.mark.parametrize(("url", "code"), WRONG)
def test_why_there_is_no_connection_is_named(
    database_server: DatabaseServer, caplog: pytest.LogCaptureFixture, url: str, code: str
) -> None:
    if not isinstance(database_server, NativePostgres):
        pytest.skip("asks for a server without TLS and with a known password")
    caplog.set_level(logging.DEBUG)
    with socket.create_server((HOST, 0)) as silent:
        places = {"host": f"{HOST}:{database_server.port}", "port": str(database_server.port)}
        others = {"silent": f"{HOST}:{silent.getsockname()[1]}", "closed": str(free_ports()[0])}
        assert code_of(lambda: PostgresLedger(url.format(**places, **others))) == code
    assert SECRET not in caplog.text


def test_a_ledger_shows_its_password_to_nobody(postgres_url: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    server = Server(postgres_url)
    with ledger_at(postgres_url) as ledger:
        ledger.counts()
        shown = repr(ledger) + repr(vars(ledger)) + repr(server) + server.place + caplog.text
    assert server.place.startswith("PostgreSQL 127.0.0.1:")
    assert PASSWORD not in shown
    assert "s3cr3t" not in shown


def test_a_server_that_takes_no_more_connections_says_so() -> None:
    server = NativePostgres({"max_connections": "4", "superuser_reserved_connections": "0", "max_wal_senders": "0"})
    try:
        server.start()
        many = []
        with suppress(psycopg.OperationalError):
            while True:
                many.append(psycopg.connect(server.url("postgres")))
        assert code_of(lambda: PostgresLedger(server.url("postgres"))) == "too_many_connections"
        for one in many:
            one.close()
    finally:
        server.remove()


def test_a_role_without_privileges_is_told(empty_database: str) -> None:
    role = "r" + empty_database.rpartition("/")[2]
    admin(empty_database, f"CREATE ROLE {role} LOGIN PASSWORD '{SECRET}'")
    place = empty_database.rpartition("@")[2]
    assert code_of(lambda: PostgresLedger(f"postgresql://{role}:{SECRET}@{place}")) == "no_privilege"
    admin(empty_database, f"DROP ROLE {role}")


@pytest.mark.parametrize(("server_of", "code"), [("ours", None), ("theirs", "tls_failed"), ("/nowhere", "tls_failed")])
def test_tls_with_a_certificate_that_is_verified(
    postgres_url: str, tmp_path: Path, server_of: str, code: str | None
) -> None:
    authority = trustme.CA()
    for name, one in (("ours", authority), ("theirs", trustme.CA())):
        one.cert_pem.write_to_path(str(tmp_path / name))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost", HOST).configure_cert(context)
    port = postgres_url.rpartition(":")[2].partition("/")[0]
    with TlsFront(int(port), context) as front:
        url = f"{postgres_url.replace(f':{port}/', f':{front.port}/')}?sslmode=verify-full&sslrootcert="
        if code is not None:
            assert code_of(lambda: PostgresLedger(url + str(tmp_path / server_of))) == code
            return
        with ledger_at(url + str(tmp_path / server_of)) as ledger:
            assert ledger.counts()[State.QUEUED] == 0


def test_several_hosts_may_be_named(postgres_url: str) -> None:
    """As for a primary and its standby: libpq takes the one that can be written."""
    port = postgres_url.rpartition(":")[2].partition("/")[0]
    closed = free_ports()[0]
    several = (
        postgres_url.replace(f"{HOST}:{port}", f"{HOST}:{closed},{HOST}:{port}") + "?target_session_attrs=read-write"
    )
    with closing(PostgresLedger(several)) as ledger:
        assert ledger.next_due() is None


def test_a_closed_ledger_says_so(postgres_url: str) -> None:
    ledger = PostgresLedger(postgres_url)
    ledger.close()
    ledger.close()
    assert code_of(ledger.counts) == "closed"
    with pytest.raises(LedgerUnavailableError):
        ledger.next_due()
