"""`tocsin` by another clock: this machine's, and so many seconds more as a file says, whenever it is asked.

Usage: python -m tests.faults.clock_child FILE ARGUMENTS…

So a day passes for all services of a test at once, without anybody waiting for it.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tocsin.cli import main
from tocsin.clock import SystemClock


class MovedClock:
    """The clock of all services that read one file."""

    def __init__(self, file: Path) -> None:
        self._file = file
        if not file.exists():
            self._put(timedelta(0))

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=float(self._file.read_text()))

    def move_to(self, moment: datetime) -> None:
        """Let it be this time now."""
        self._put(moment - datetime.now(UTC))

    def _put(self, more: timedelta) -> None:
        # Whoever reads it meanwhile finds it whole.
        new = self._file.with_suffix(".new")
        new.write_text(str(more.total_seconds()))
        new.replace(self._file)


if __name__ == "__main__":
    moved = MovedClock(Path(sys.argv.pop(1)))
    # All services are wired with this class.
    setattr(SystemClock, "now", lambda _self: moved.now())  # noqa: B010 - it is no SystemClock
    main()
