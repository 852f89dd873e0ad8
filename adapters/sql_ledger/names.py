"""The names that a transaction reserves (locks), so that two senders never change the same mailbox at once.

All jobs of a mailbox have one name, since what they share lies within it: lanes, a storm, a digest that lists them.
Claims reserve nothing: they take only rows that nobody else has locked.
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
"""The name of all pauses. Without it a job could be held for a pause just as that ends, and would stay held."""


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
