"""What a transaction reserves, so that several senders on one ledger do their work one after the other.

All jobs of a mailbox have one name: what they share (their lanes, their storm, a digest that lists them) lies within
it. Claims reserve nothing: they take the rows that nobody else has.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from adapters.sql_ledger.session import Session
from adapters.sql_ledger.statements import FIND
from schemas.job import JOB_DECODER, Job
from schemas.mailbox import mailbox
from sender.records import Report
from sender.states import Hold

PAUSES: Final = "pauses"
"""All pauses: a job must not be held for one just as that ends."""


def of_mailbox(job: Job) -> str:
    """The name of a job's mailbox on its channel."""
    return f"mailbox {job.channel.value} {mailbox(job.address)}"


def of_suppression(suppression: str) -> str:
    """The name of a suppression, by its id."""
    return f"suppression {suppression}"


def of_jobs(jobs: Iterable[Job]) -> Iterator[str]:
    """The names for taking in jobs: those of their mailboxes and `once` keys."""
    for job in jobs:
        yield of_mailbox(job)
        if job.once is not None:
            yield f"once {job.once}"


def of_reports(session: Session, reports: Sequence[Report]) -> Iterator[str]:
    """The names for applying reports."""
    found = session.rows_of_each(FIND, [{"id": report.job} for report in reports])
    yield from (of_mailbox(JOB_DECODER.decode(row["body"])) for rows in found for row in rows)
    for report in reports:
        if report.suppress is not None:
            yield of_suppression(report.suppress.id)
        if report.hold is Hold.PAUSED:
            yield PAUSES
