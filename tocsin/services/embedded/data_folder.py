"""The data folder of embedded mode: held by one process at a time, and its log as the sender writes it."""

from __future__ import annotations

import fcntl
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from adapters.files.private_files import private_file, private_folder
from adapters.sqlite.event_log import SqliteLog
from schemas.clock import Clock
from schemas.errors import UnusableError
from schemas.log import NewRecord


class FolderInUseError(UnusableError, RuntimeError):
    """Another process works on this data folder."""


@contextmanager
def sole_owner(data: Path) -> Iterator[None]:
    """Hold the folder for this process, since two would both decide every event.

    Raises FolderInUseError, and OSError where it can't be made.
    """
    private_folder(data)
    private_file(data / "lock")
    with (data / "lock").open("a") as lock:
        try:
            # The operating system releases the lock when the process ends, even by SIGKILL: none is left behind.
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise FolderInUseError(f"{data}: another `tocsin up` works on this folder: stop it first") from None
        yield


class LogTopics:
    """The topics that the sender writes, besides its ledger, in the log of embedded mode."""

    def __init__(self, database: Path, clock: Clock) -> None:
        self._log = SqliteLog(database)
        self._clock = clock
        self._lock = threading.Lock()

    def append(self, records: Sequence[NewRecord]) -> None:
        """See sender.ports.Topics."""
        # Dead letters and outcomes come from different threads, and the connection serves one at a time.
        with self._lock:
            self._log.append(records, self._clock.now())

    def close(self) -> None:
        """Close the file."""
        self._log.close()
