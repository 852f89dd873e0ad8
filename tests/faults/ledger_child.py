"""Works on a ledger until it is killed, and says on standard output what has been done for good.

Usage: python -m tests.faults.ledger_child FILE SEED
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable
from datetime import timedelta
from itertools import count
from pathlib import Path

from adapters.sqlite.ledger import SqliteLedger
from schemas.job import Job
from schemas.vocabulary import Trigger
from sender.entries import Report
from sender.ledger import Ledger
from sender.states import Transition
from tests.fakes import START, a_job

BATCH = 5
LEASE = timedelta(minutes=5)


def batch(name: str) -> list[Job]:
    """The jobs of one event: one for each of some people, all with one once key."""
    return [
        a_job(name, f"T-{name}", f"p{person}@acme.example", trigger=Trigger.OPENED, once=f"k-{name}")
        for person in range(BATCH)
    ]


def work(ledger: Ledger, seed: str, say: Callable[[str], None]) -> None:
    """Accept, claim and record without end."""
    chance = random.Random(seed)
    for number in count():
        name = f"{seed}-{number}"
        ledger.accept(batch(name), START)
        say(f"accepted {name}")
        claimed = ledger.claim(START, chance.randint(1, BATCH), LEASE)
        say(" ".join(["claimed", *(entry.job.id for entry in claimed)]))
        done = [Report(entry.job.id, entry.standing.attempt, Transition.DELIVERED) for entry in claimed]
        ledger.record(done, START)
        say(" ".join(["delivered", *(report.job for report in done)]))


if __name__ == "__main__":
    work(SqliteLedger(Path(sys.argv[1])), sys.argv[2], lambda line: print(line, flush=True))  # noqa: T201 - its report
