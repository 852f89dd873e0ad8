"""Opens the file, brings it up to date, and names what can go wrong with it."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Final

from adapters.files.private_files import narrow, private_file
from adapters.sql_ledger.migrations import scripts_of
from adapters.sql_ledger.respelling import respell
from adapters.sqlite.job_functions import add_job_functions
from adapters.sqlite.session import SqliteSession
from schemas.errors import UnusableError

APPLICATION_ID: Final = 0x746F6373
"""Marks the file as ours ("tocs"), so that another program's database is not taken for one."""

BUSY_TIMEOUT: Final = timedelta(seconds=10)
"""How long a transaction waits for another process's."""

_PACKAGE: Final = "adapters.sqlite"
"""Where the migrations are."""

_MAILBOXES: Final = 7
"""The number of the migration that brings mailboxes to one form."""

_SWITCHES: Final = 20
_SWITCH_PAUSE: Final = 0.05

_FAULTS: Final = {
    sqlite3.SQLITE_FULL: ("disk_full", "the disk is full: free some space and start again"),
    sqlite3.SQLITE_BUSY: ("locked", "another process holds its lock: look for a backup, a shell or a second sender"),
    sqlite3.SQLITE_LOCKED: ("locked", "another connection holds its lock: look for a backup or a second sender"),
    sqlite3.SQLITE_READONLY: ("read_only", "it can't be written: look at the permissions of file, folder and mount"),
    sqlite3.SQLITE_PERM: ("read_only", "access is denied: look at the permissions of file, folder and mount"),
    sqlite3.SQLITE_IOERR: ("io_error", "the disk reports an error: look at the system's log"),
    sqlite3.SQLITE_CORRUPT: ("damaged", "the file is damaged: keep a copy, then restore the last backup"),
    sqlite3.SQLITE_NOTADB: ("not_a_database", "this file is no SQLite database: name another path"),
    sqlite3.SQLITE_INTERRUPT: ("too_slow", "the question takes too long: narrow it"),
    sqlite3.SQLITE_CANTOPEN: ("cannot_open", "it can't be opened: does its folder exist, and may it be written?"),
}


_PASSES: Final = frozenset({"disk_full", "locked"})


class DatabaseError(UnusableError, RuntimeError):
    """The file can't be used. `code` names the class of the fault in snake case; the message says what to do."""

    def __init__(self, code: str, path: str, message: str) -> None:
        super().__init__(f"{path}: {message}")
        self.code = code

    @property
    def passes(self) -> bool:
        """Whether it passes, by itself or by what is done about it: the same may be tried again."""
        return self.code in _PASSES


def open_database(path: Path, busy_timeout: timedelta = BUSY_TIMEOUT) -> sqlite3.Connection:
    """A connection to the file, which is made where it is missing, with all migrations applied.

    A connection belongs to one owner, which uses it from one thread at a time. Raises DatabaseError.
    """
    with named_errors(str(path)):
        # What SQLite makes beside it gets its mode.
        private_file(path)
        for ending in ("-wal", "-shm", "-journal"):
            narrow(path.with_name(path.name + ending))
        connection = sqlite3.connect(
            path, timeout=busy_timeout.total_seconds(), isolation_level=None, check_same_thread=False
        )
    try:
        _prepare(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def open_for_reading(path: Path, busy_timeout: timedelta = BUSY_TIMEOUT) -> sqlite3.Connection:
    """A connection that can change nothing, to a file that `open_database` has opened before. Raises DatabaseError."""
    with named_errors(str(path)):
        return sqlite3.connect(
            f"{path.absolute().as_uri()}?mode=ro",
            uri=True,
            timeout=busy_timeout.total_seconds(),
            isolation_level=None,
            check_same_thread=False,
        )


_STEPS: Final = 1_000
"""Instructions of SQLite's machine between two looks at the clock: some microseconds."""


@contextmanager
def bounded(
    connection: sqlite3.Connection, within: timedelta, monotonic: Callable[[], float] = time.monotonic
) -> Iterator[None]:
    """Statements within the block end by then, with the DatabaseError `too_slow`."""
    end = monotonic() + within.total_seconds()
    connection.set_progress_handler(lambda: monotonic() > end, _STEPS)
    try:
        yield
    finally:
        connection.set_progress_handler(None, _STEPS)


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """Everything inside happens, durably, or nothing does. Raises DatabaseError where the storage fails."""
    with named_errors(path_of(connection)):
        # The write lock at once: to a transaction that has read an older state SQLite refuses it, without waiting.
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield connection
            connection.execute("COMMIT")
        except BaseException:
            # SQLite may have rolled back by itself, as it does on a full disk.
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise


@contextmanager
def reading(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """For single statements that change nothing. Raises DatabaseError where the storage fails."""
    with named_errors(path_of(connection)):
        yield connection


@contextmanager
def named_errors(path: str) -> Iterator[None]:
    """Turn failures of the storage into DatabaseError. Errors in our own statements stay what they are."""
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF  # the primary part of a result code
        if code not in _FAULTS:
            raise
        name, message = _FAULTS[code]
        raise DatabaseError(name, path, f"{message} ({error})") from error
    except OSError as error:
        raise DatabaseError("cannot_open", path, f"it can't be opened: {error.strerror}") from error


def path_of(connection: sqlite3.Connection) -> str:
    """Where the file of a connection is, for people."""
    with suppress(sqlite3.Error):
        return str(connection.execute("PRAGMA database_list").fetchone()[2])
    return "the database"


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    with named_errors(str(path)):
        _check_owner(connection, path)
        if _switch_to_wal(connection) != "wal":
            raise DatabaseError("no_wal", str(path), "this file system can't share memory: use a local disk")
        # With NORMAL, what was committed last could be gone after a power cut: a message would go out twice.
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        # What is deleted is overwritten: it held addresses and texts.
        connection.execute("PRAGMA secure_delete = ON")
    _migrate(connection, path)


def _check_owner(connection: sqlite3.Connection, path: Path) -> None:
    # In this order: where another process is just making the file, its tables are there no sooner than its mark.
    used = connection.execute("SELECT COUNT(*) FROM sqlite_schema").fetchone()[0]
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    if application not in (0, APPLICATION_ID) or (application == 0 and used):
        raise DatabaseError(
            "foreign_database", str(path), "this database belongs to another program: name another path"
        )


def _switch_to_wal(connection: sqlite3.Connection) -> str:
    """The journal mode after the switch. SQLite does not wait for the lock here where another process switches too."""
    for _ in range(_SWITCHES):
        with suppress(sqlite3.OperationalError):
            return str(connection.execute("PRAGMA journal_mode = WAL").fetchone()[0])
        time.sleep(_SWITCH_PAUSE)
    return str(connection.execute("PRAGMA journal_mode = WAL").fetchone()[0])


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    """Apply the migrations that the file has not seen, in one transaction: another process may be at it too."""
    migrations = scripts_of(_PACKAGE)
    if _version(connection) == len(migrations):
        return
    add_job_functions(connection)
    with transaction(connection):
        version = _version(connection)
        if version > len(migrations):
            message = f"it was written by a newer version (schema {version}, this one knows {len(migrations)}): upgrade"
            raise DatabaseError("newer_version", str(path), message)
        for number, script in enumerate(migrations[version:], start=version + 1):
            for statement in _statements(script):
                connection.execute(statement)
            if number == _MAILBOXES:
                respell(SqliteSession(connection))
        connection.execute(f"PRAGMA user_version = {len(migrations)}")
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _statements(script: str) -> Iterator[str]:
    """The statements of a script one by one: sqlite3's executescript would end the transaction around it."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
    if statement.strip():
        raise RuntimeError("a migration ends in the middle of a statement")
