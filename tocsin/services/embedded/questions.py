"""Questions to embedded mode by HTTP: on connections of their own that can change nothing, beside engine and sender."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Final

from litestar import Router

from adapters.sqlite.history import SqliteHistoryReader
from adapters.sqlite.ledger import SqliteLedgerReader
from adapters.web.asking import Desk
from adapters.web.decisions import decisions
from adapters.web.jobs import jobs
from adapters.web.preview import Foreseeing, preview
from schemas.clock import Clock

STATEMENT_WITHIN: Final = timedelta(seconds=3)
"""How long one statement of a question may take."""


@contextmanager
def answering_questions(database: Path, clock: Clock, foresight: Foreseeing) -> Iterator[Sequence[Router]]:
    """The parts of an application that answer within the block. The file is there already."""
    with ExitStack() as opened:
        ledger = opened.enter_context(closing(SqliteLedgerReader(database, STATEMENT_WITHIN)))
        history = opened.enter_context(closing(SqliteHistoryReader(database, STATEMENT_WITHIN)))
        desk = opened.enter_context(closing(Desk()))
        yield [jobs(ledger, clock, desk), decisions(history, ledger, desk), preview(foresight, clock, desk)]
