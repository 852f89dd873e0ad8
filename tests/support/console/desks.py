"""The desk of a data folder as it was left: its ledger, its history filled from its log, and how its rules stand."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import timedelta
from pathlib import Path

from adapters.sqlite.history import SqliteHistory, SqliteHistorySource
from adapters.sqlite.ledger import SqliteLedger, SqliteLedgerReader
from adapters.web.console.desk_screens import Desk
from history.filler import Filler
from tests.support.console.letters import letters_of
from tests.support.console.lookups import lookup_of
from tocsin.clock import SystemClock
from tocsin.config.data_folder import database_in
from tocsin.services.console.standing import EmbeddedStanding


def demo_in(folder: Path) -> Path:
    """The data folder of a demo that has run. In a process of its own: a test with a browser has a loop already."""
    tocsin = Path(sys.executable).with_name("tocsin")
    subprocess.run([tocsin, "demo", "--data", folder], check=True, capture_output=True)
    return folder


@contextmanager
def desk_of(data: Path) -> Iterator[Desk]:
    """What the console of `tocsin up` reads of this folder."""
    database = database_in(data)
    with ExitStack() as opened:
        history = opened.enter_context(closing(SqliteHistory(database)))
        source = opened.enter_context(closing(SqliteHistorySource(database)))
        filler = Filler(source, history, SystemClock(), timedelta(days=90))
        while not filler.step().is_idle:
            pass
        ledger = opened.enter_context(closing(SqliteLedgerReader(database, timedelta(seconds=5))))
        standing = opened.enter_context(closing(EmbeddedStanding(data, database)))
        acting = opened.enter_context(closing(SqliteLedger(database)))
        letters = opened.enter_context(letters_of())
        yield Desk(ledger, history, standing, lookup_of(), letters, acting)
