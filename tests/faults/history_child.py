"""Fills the history of a file from its log, until it is killed or nothing waits."""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path

from adapters.sqlite.history import SqliteHistory, SqliteHistorySource
from history.filler import Filler
from tocsin.clock import SystemClock

if __name__ == "__main__":
    path = Path(sys.argv[1])
    filler = Filler(SqliteHistorySource(path), SqliteHistory(path), SystemClock(), timedelta(days=90), at_once=3)
    while not filler.step().is_idle:
        sys.stdout.write("\n")
        sys.stdout.flush()
