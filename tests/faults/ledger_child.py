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
from sender.ledger.port import Ledger
from sender.records import Report
from sender.states import Transition
from sender.storms.storm import StormPolicy
from tests.support.sender.fakes import START, a_job

BATCH = 5
LEASE = timedelta(minutes=5)
STORM = StormPolicy(limit=6, quiet=timedelta(seconds=1), longest=timedelta(seconds=1), digest_size=4)
LATER = START + STORM.longest


def batch(name: str) -> list[Job]:
    """The jobs of one event: one for each of some people, all with one once key."""
    return [
        a_job(name, f"T-{name}", f"p{person}@acme.example", trigger=Trigger.OPENED, once=f"k-{name}")
        for person in range(BATCH)
    ]


def work(ledger: Ledger, seed: str, say: Callable[[str], None]) -> None:
    """Accept, claim and record without end; storms begin soon, and end after every seventh batch."""
    chance = random.Random(seed)
    for number in count():
        name = f"{seed}-{number}"
        ledger.accept(batch(name), START, STORM)
        say(f"accepted {name}")
        if number % 7 == 6:
            say(f"storms {ledger.end_storms(LATER, STORM)}")
        claimed = ledger.claim(LATER, chance.randint(1, BATCH), LEASE)
        say(" ".join(["claimed", *(entry.job.id for entry in claimed)]))
        told = [entry.job.id for one in claimed for entry in [one, *ledger.bundle(one.job.id)]]
        done = [Report(entry.job.id, entry.standing.attempt, Transition.DELIVERED) for entry in claimed]
        ledger.record(done, LATER)
        say(" ".join(["delivered", *told]))


if __name__ == "__main__":
    work(SqliteLedger(Path(sys.argv[1])), sys.argv[2], lambda line: print(line, flush=True))  # noqa: T201 - its report
