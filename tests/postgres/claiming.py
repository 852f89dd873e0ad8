"""A sender that claims and reports until nothing is left, and says what it had.

Usage: python -m tests.postgres.claiming URL SEED
"""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta

from adapters.postgres.ledger import PostgresLedger
from schemas.job import Job
from sender.ledger.port import Ledger
from sender.records import LedgerEntry, Report, lane_of
from sender.states import FINISHED, Transition
from tests.support.sender.fakes import START, a_job

LEASE = timedelta(minutes=5)
ENDS = (Transition.DELIVERED, Transition.DELIVERED, Transition.REFUSED, Transition.DEFERRED)
JOBS = [a_job(f"e-{number}", f"T-{number % 13}", f"p{number % 7}@x.example") for number in range(120)]


def older_in_lane(job: Job) -> Iterator[Job]:
    """The jobs that came before in its lane."""
    for other in JOBS:
        if other.id == job.id:
            return
        if lane_of(other) == lane_of(job):
            yield other


def claim_all(ledger: Ledger, seed: str) -> list[tuple[str, int]]:
    """Claim and report until every job is finished; gives back each job that was claimed, and its attempt.

    Raises AssertionError where a job comes before an older one of its lane has ended.
    """
    chance, had = random.Random(seed), []
    while sum(number for state, number in ledger.counts().items() if state not in FINISHED):
        claimed = ledger.claim(START, chance.randint(1, 6), LEASE)
        for entry in claimed:
            had.append((entry.job.id, entry.standing.attempt))
            for older in older_in_lane(entry.job):
                found = ledger.find(older.id)
                assert found is not None
                assert found.standing.state in FINISHED, f"{entry.job.id} overtook {older.id}"
        reports = [report_on(entry, chance.choice(ENDS)) for entry in claimed]
        assert ledger.record(reports, START) == [], "somebody else had it too"
    return had


def report_on(entry: LedgerEntry, transition: Transition) -> Report:
    return Report(entry.job.id, entry.standing.attempt, transition, START)


if __name__ == "__main__":
    with closing(PostgresLedger(sys.argv[1])) as own:
        for job, attempt in claim_all(own, sys.argv[2]):
            print(job, attempt)  # noqa: T201 - its report
