"""Whether a suppression stands for a job."""

from __future__ import annotations

from datetime import datetime

from schemas.directory import SuppressionRecord
from schemas.mailbox import mailbox
from sender.entries import Entry


def stands_for(record: SuppressionRecord, entry: Entry, now: datetime) -> bool:
    """Whether it stands now, for the job's person or its mailbox, on the job's channel and for its trigger.

    At `until` it has ended. A `channel` or `triggers` of null is all of them.
    """
    job = entry.job
    by_address = bool(record.address) and mailbox(record.address or "") == mailbox(job.address)
    return (
        (by_address or record.person == str(job.person))
        and (record.until is None or now < record.until)
        and record.channel in (None, job.channel)
        and (record.triggers is None or entry.trigger.value in record.triggers)
    )
