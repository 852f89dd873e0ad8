"""What can go wrong with the server, by name, and what to do about it."""

from __future__ import annotations

import re
from typing import Final

import psycopg

from adapters.postgres.watchdog import NoAnswerError
from sender.ledger.port import LedgerAwayError, LedgerUnavailableError

_LOST: Final = ("connection_lost", "the connection was lost: is the server up? Nothing is lost")

_BY_STATE: Final = {
    "08": _LOST,
    "57P01": ("connection_lost", "the server shuts down: nothing is lost"),
    "57P02": ("connection_lost", "the server crashed and recovers: nothing is lost"),
    "57P03": ("starting_up", "the server is starting up or shutting down: try again in a moment"),
    "57P05": _LOST,
    "25P03": ("connection_lost", "the server ended a transaction that stood still: was this process stopped?"),
    "57014": ("statement_timeout", "a statement took too long: look at the server's load, and at pg_stat_activity"),
    "55P03": ("lock_timeout", "a lock did not come free: look in pg_stat_activity for who sits on a transaction"),
    "40": ("contended", "other senders were in the way again and again: is one of them stuck?"),
    "53100": ("disk_full", "the server's disk is full: free some space"),
    "53200": ("out_of_memory", "the server is out of memory: look at max_locks_per_transaction and its memory"),
    "53300": ("too_many_connections", "the server takes no more connections: raise max_connections, or stop something"),
    "25006": ("read_only", "it can't be written: it is a standby, or default_transaction_read_only is on"),
    "28": ("auth_failed", "the server does not let us in: look at user, password and pg_hba.conf"),
    "3D000": ("no_database", "there is no such database: create it, or name another one"),
    "3F": ("no_schema", "search_path names no schema that is there: create it, or set another one"),
    "42501": ("no_privilege", "a privilege is missing: the role must own the tables, or may create them"),
    "42P01": ("foreign_database", "its tables are not those of this program: name another database or schema"),
    "42703": ("foreign_database", "its tables are not those of this program: name another database or schema"),
    "58": ("io_error", "the server's disk reports an error: look at its log"),
    "XX001": ("damaged", "data is damaged: stop all senders, then restore the last backup"),
    "XX002": ("damaged", "an index is damaged: stop all senders, then REINDEX DATABASE"),
}
"""By SQLSTATE, or its class: https://www.postgresql.org/docs/current/errcodes-appendix.html"""

_BY_WORDS: Final = (
    (r"too many clients|remaining connection slots|too many connections", "53300"),
    (r"starting up|shutting down|not yet accepting|recovery", "57P03"),
    (r"database .* does not exist", "3D000"),
    (r"authentication|no password|pg_hba|role .* does not exist|permission denied for database", "28"),
)
"""How a server says no to a connection: libpq passes on its words alone."""

_TLS: Final = ("tls_failed", "no connection by TLS: look at sslmode and sslrootcert, and at the server's certificate")
_UNREACHABLE: Final = (
    "unreachable",
    "no connection: is the server up, are host and port right, and its firewall?",
)


_AWAY: Final = frozenset(
    {
        "all_busy",
        "connection_lost",
        "contended",
        "disk_full",
        "lock_timeout",
        "no_answer",
        "out_of_memory",
        "read_only",
        "starting_up",
        "statement_timeout",
        "too_many_connections",
        "unreachable",
    }
)
"""What passes, by itself or by what is done at the server: it is worth while to ask again."""


def unavailable(place: str, code: str, message: str) -> LedgerUnavailableError:
    """The error of the port; `place` says which database it is."""
    kind = LedgerAwayError if code in _AWAY else LedgerUnavailableError
    return kind(code, f"{place}: {message}")


def closed(place: str) -> LedgerUnavailableError:
    """The error of a ledger that was closed."""
    return unavailable(place, "closed", "this ledger was closed")


def of_call(place: str, error: psycopg.Error) -> LedgerUnavailableError:
    """What a call's failure means. Rows stay out of the message: they hold addresses."""
    state = error.sqlstate
    if isinstance(error, NoAnswerError):
        return unavailable(place, "no_answer", "the server says nothing more: is its disk or its machine stuck?")
    if state is None:
        code, message = _LOST if isinstance(error, psycopg.OperationalError) else ("client_error", type(error).__name__)
        return unavailable(place, code, message)
    words = error.diag.message_primary or type(error).__name__
    code, message = _named(state) or ("storage_error", "the server refuses a statement: please report this")
    return unavailable(place, code, f"{message} (SQLSTATE {state}: {words})")


def of_connecting(place: str, error: psycopg.Error, said: str) -> LedgerUnavailableError:
    """Why there is no connection; `said` are the error's words without a secret."""
    words = " ".join(said.split())
    state = error.sqlstate or next((state for sign, state in _BY_WORDS if re.search(sign, words)), None)
    named = None if state is None else _named(state)
    if named is None:
        named = _TLS if re.search(r"SSL|certificate", words) else _UNREACHABLE
    return unavailable(place, named[0], f"{named[1]} ({words})")


def _named(state: str) -> tuple[str, str] | None:
    return _BY_STATE.get(state) or _BY_STATE.get(state[:2])
