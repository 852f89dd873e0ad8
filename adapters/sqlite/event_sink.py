"""Events go straight into the log of embedded mode."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from adapters.sqlite.database import BUSY_TIMEOUT, open_database
from adapters.sqlite.event_log import append_to
from adapters.sqlite.grouped import GroupedTransactions
from adapters.sqlite.log_errors import as_log_errors
from schemas.clock import Clock
from schemas.log import NewRecord


class SqliteEventSink:
    """See intake.ports.EventSink. Threads may share it; what they append at the same time is committed together."""

    def __init__(self, path: Path, clock: Clock, busy_timeout: timedelta = BUSY_TIMEOUT) -> None:
        self._clock = clock
        with as_log_errors():
            self._database = GroupedTransactions(open_database(path, busy_timeout))

    def append(self, records: Sequence[NewRecord]) -> None:
        """See intake.ports.EventSink."""
        with as_log_errors():
            self._database.do(lambda connection: append_to(connection, records, self._clock.now()))

    def close(self) -> None:
        """Let go of the file."""
        self._database.close()
