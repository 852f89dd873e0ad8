"""Brings the database up to date; several senders may start at once."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import Final

import psycopg

from adapters.postgres.dialect import lock_key
from adapters.postgres.faults import of_call, unavailable
from adapters.postgres.server import Connection, Limits, Server
from adapters.postgres.session import PostgresSession
from adapters.postgres.watchdog import Patience
from adapters.sql_ledger.migrations import scripts_of
from adapters.sql_ledger.respelling import respell

_LIMITS: Final = Limits(statement=timedelta(0), lock=timedelta(minutes=5))
"""Building an index may take long, and so may waiting for another sender that does."""

_PACKAGE: Final = "adapters.postgres"
"""Where the migrations are."""

_MAILBOXES: Final = 4
"""The number of the migration that brings mailboxes to one form."""

_PATIENT: Final = math.inf
"""Seconds that nobody counts: the limit of locks is enough."""

_VERSION: Final = "SELECT version FROM schema_version WHERE program = 'tocsin'"

_MARK: Final = """
    CREATE TABLE IF NOT EXISTS schema_version (program text PRIMARY KEY, version integer NOT NULL, applied timestamptz)
"""

_SET_VERSION: Final = """
    INSERT INTO schema_version (program, version, applied) VALUES ('tocsin', %(version)s, now())
    ON CONFLICT (program) DO UPDATE SET version = excluded.version, applied = excluded.applied
"""

_FOUND: Final = "SELECT to_regclass('schema_version') AS marked, to_regclass('jobs') AS used"


def migrate(server: Server) -> None:
    """Apply the migrations that the database has not seen, all in one transaction. Raises LedgerUnavailableError."""
    with server.connect(_LIMITS) as connection:
        try:
            _check_encoding(server, connection)
            if _version(server, connection) != len(scripts_of(_PACKAGE)):
                # Before the transaction begins: within it, tables that came meanwhile might not be seen. The lock ends
                # with the connection.
                connection.execute("SELECT pg_advisory_lock(%s)", [lock_key("migrations")])
                with connection.transaction():
                    _apply(server, connection)
        except psycopg.Error as error:
            raise of_call(server.place, error) from None


def _apply(server: Server, connection: Connection) -> None:
    version, migrations = _version(server, connection), scripts_of(_PACKAGE)
    if version == len(migrations):
        return
    connection.execute(_MARK)
    for number, script in enumerate(migrations[version:], start=version + 1):
        connection.execute(script, prepare=False)
        if number == _MAILBOXES:
            respell(PostgresSession(connection, Patience(connection, _PATIENT)))
    connection.execute(_SET_VERSION, {"version": len(migrations)})


def _version(server: Server, connection: Connection) -> int:
    """The number of migrations that were applied. Raises LedgerUnavailableError where it isn't ours, or too new."""
    (found,) = connection.execute(_FOUND).fetchall()
    rows = connection.execute(_VERSION).fetchall() if found["marked"] else []
    if found["used"] and not rows:
        message = "its table `jobs` belongs to another program: name another database"
        raise unavailable(server.place, "foreign_database", message)
    version, known = (rows[0]["version"] if rows else 0), len(scripts_of(_PACKAGE))
    if version > known:
        message = f"it was written by a newer version (schema {version}, this one knows {known}): upgrade"
        raise unavailable(server.place, "newer_version", message)
    return int(version)


def _check_encoding(server: Server, connection: Connection) -> None:
    (found,) = connection.execute("SHOW server_encoding").fetchall()
    if found["server_encoding"] != "UTF8":
        message = f"its encoding is {found['server_encoding']}: create it with ENCODING 'UTF8' TEMPLATE template0"
        raise unavailable(server.place, "not_utf8", message)
