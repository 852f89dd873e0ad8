"""Where the database is, and how connections to it are made."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any, Final, TypeAlias
from urllib.parse import unquote

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import DictRow, dict_row

from adapters.postgres.dialect import adapt
from adapters.postgres.faults import of_connecting, unavailable

Connection: TypeAlias = "psycopg.Connection[DictRow]"

_DEFAULTS: Final = {
    "application_name": "tocsin",
    "client_encoding": "UTF8",
    "connect_timeout": 10,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}
"""For what the URL leaves open. A peer that is gone is noticed within a minute."""

# By indexes alone: figures on a table that has just grown are old, and a scan of a million jobs is never right.
_SETTINGS: Final = """
    SELECT set_config('statement_timeout', %(statement)s, false), set_config('lock_timeout', %(lock)s, false),
        set_config('idle_in_transaction_session_timeout', %(idle)s, false),
        set_config('tcp_keepalives_idle', '30', false), set_config('tcp_keepalives_interval', '10', false),
        set_config('tcp_keepalives_count', '3', false),
        set_config('enable_seqscan', 'off', false), set_config('jit', 'off', false),
        set_config('default_transaction_read_only',
            CASE WHEN %(reading)s THEN 'on' ELSE current_setting('default_transaction_read_only') END, false),
        set_config('synchronous_commit', replace(current_setting('synchronous_commit'), 'off', 'on'), false)
"""


class Limits:
    """How long the server may take for one statement, for one lock, and with a transaction that stands still."""

    def __init__(
        self,
        statement: timedelta = timedelta(seconds=30),
        lock: timedelta = timedelta(seconds=15),
        *,
        is_reading: bool = False,
    ) -> None:
        """`is_reading`: nothing can be changed."""
        self.statement = statement
        self.lock = lock
        self.is_reading = is_reading

    def values(self) -> dict[str, str | bool]:
        """As the server's settings; 0 is no limit."""
        return {
            "statement": f"{self.statement // timedelta(milliseconds=1)}ms",
            "lock": f"{self.lock // timedelta(milliseconds=1)}ms",
            "idle": "60s",
            "reading": self.is_reading,
        }


class Server:
    """A database by its libpq URL. `place` names it without its password."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._secrets = _secrets_in(url)
        try:
            given = {name: value for name, value in conninfo_to_dict(url).items() if value is not None}
        except psycopg.ProgrammingError:
            # The error's words hold the URL.
            message = "this is no URL as postgresql://user:password@host:5432/database?sslmode=verify-full"
            raise unavailable("the ledger", "bad_url", f"{message}; % in a password is written as %25") from None
        self.arguments: dict[str, Any] = {name: value for name, value in _DEFAULTS.items() if name not in given}
        host = given.get("host") or given.get("hostaddr") or "localhost"
        name = given.get("dbname") or given.get("user") or ""
        self.place = self.without_secrets(f"PostgreSQL {host}:{given.get('port', 5432)}/{name}")

    @property
    def url(self) -> str:
        """For making connections alone: it holds the password."""
        return self._url

    def connect(self, limits: Limits) -> Connection:
        """A connection of one's own, whose statements are transactions of their own. Raises LedgerUnavailableError."""
        try:
            connection = psycopg.connect(self._url, autocommit=True, row_factory=dict_row, **self.arguments)
        except psycopg.Error as error:
            # Not chained: the words of the first error may hold a piece of a password that was not quoted.
            raise of_connecting(self.place, error, self.without_secrets(str(error))) from None
        try:
            prepare(connection, limits)
        except BaseException:
            connection.close()
            raise
        return connection

    def without_secrets(self, text: str) -> str:
        """The text without the password, nor a piece of it that was taken for something else."""
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return text


def prepare(connection: Connection, limits: Limits) -> None:
    """Set a new connection up."""
    connection.isolation_level = psycopg.IsolationLevel.READ_COMMITTED
    adapt(connection.adapters)
    connection.execute(_SETTINGS, limits.values())


def _secrets_in(url: str) -> list[str]:
    """The password, and where it holds an unquoted @ or : its pieces; the longest first."""
    _, _, rest = url.partition("://")
    user, found, _ = rest.rpartition("@")
    _, _, password = user.partition(":")
    parameters = re.findall(r"(?:password|sslpassword)\s*=\s*'?([^&'\s]+)", url)
    wholes = [one for one in [password if found else "", *parameters] if one]
    pieces = [piece for whole in wholes for piece in re.split(r"[@:/?#]", whole)]
    every = {secret for one in [*wholes, *pieces] for secret in (one, unquote(one)) if secret}
    return sorted(every, key=len, reverse=True)
