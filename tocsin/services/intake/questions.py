"""Questions to the intake by HTTP, on Kafka and PostgreSQL: what was decided, and what became of messages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from adapters.kafka.decision_archive import KafkaDecisionArchive
from adapters.kafka.settings import KafkaSettings
from adapters.postgres.ledger import PostgresLedgerReader
from schemas.clock import Clock

if TYPE_CHECKING:
    from litestar import Router

    from adapters.web.preview import Foreseeing

STATEMENT_WITHIN: Final = timedelta(seconds=4)
"""How long one statement of a question may take, and how long it waits for the database."""
TOPIC_WITHIN: Final = timedelta(seconds=8)
"""How long decisions may take to be read from their topic."""


@contextmanager
def answering_questions(
    kafka: KafkaSettings, database: str, clock: Clock, foresight: Foreseeing | None
) -> Iterator[Sequence[Router]]:
    """The parts of an application that answer within the block. Kafka and database may come later."""
    # Here, since the commands that serve nothing need not wait until a server is imported.
    from adapters.web.asking import Desk  # noqa: PLC0415
    from adapters.web.decisions import decisions  # noqa: PLC0415
    from adapters.web.jobs import jobs  # noqa: PLC0415
    from adapters.web.preview import preview  # noqa: PLC0415

    archive = KafkaDecisionArchive(kafka, clock, TOPIC_WITHIN)
    with closing(PostgresLedgerReader(database, STATEMENT_WITHIN)) as ledger, closing(Desk()) as desk:
        foreseen = () if foresight is None else (preview(foresight, clock, desk),)
        yield [*foreseen, decisions(archive, ledger, desk), jobs(ledger, clock, desk)]
