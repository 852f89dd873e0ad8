"""`kill -9` of a sender on a SQLite ledger, amid many jobs: only what the relay was offered is in doubt afterwards.

The relay's own record says to which messages it had said that it wants their content.
"""

from __future__ import annotations

import asyncio
import random
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from adapters.sqlite.ledger import SqliteLedger
from schemas.job import Job
from sender.records import Selection
from sender.states import State
from tests.faults.engines import until
from tests.faults.postgres_senders import Senders
from tests.faults.sender_child import PATIENT
from tests.support.mail.smtp_peers import HANG, At, Fault, FaultyPeer
from tests.support.sender.fakes import a_job

CONNECTIONS = 8
BATCH = 40
SOON = 15


@dataclass
class Recording(FaultyPeer):
    """A relay that takes its time for each reply, and remembers of which messages it has asked for the content."""

    chance: random.Random = field(default_factory=lambda: random.Random(3))
    slow: bool = False
    announced: int = 0
    offered: set[str] = field(default_factory=set)

    async def before_reply(self) -> None:
        if self.slow:
            await asyncio.sleep(self.chance.uniform(0, 0.02))

    def fault_at(self, stage: At, recipient: str | None) -> str | None:
        action = super().fault_at(stage, recipient)
        self.announced += stage is At.DATA
        if stage is At.DATA and action is None:
            self.offered.add(recipient or "")
        return action


def jobs_of(batch: int) -> list[Job]:
    """Each to a mailbox of its own, so that the relay's record names its job."""
    expires = datetime.now(UTC) + timedelta(hours=1)
    return [
        a_job(f"e-{batch}-{one}", f"T-{batch}-{one}", f"p{one}-{batch}@acme.example", expires=expires)
        for one in range(BATCH)
    ]


def in_state(ledger: SqliteLedger, *states: State) -> set[str]:
    lines = ledger.list(Selection(states=frozenset(states)), 10_000)
    return {line.entry.job.address for line in lines}


def handed_over(ledger: SqliteLedger) -> set[str]:
    lines = ledger.list(Selection(states=frozenset({State.SENDING})), 10_000)
    return {line.entry.job.address for line in lines if line.entry.standing.handed_over}


def is_settled(file: Path) -> bool:
    with closing(SqliteLedger(file)) as ledger:
        return not in_state(ledger, State.QUEUED, State.SENDING)


def check(ledger: SqliteLedger, peer: Recording) -> int:
    """Nobody but those to whom the relay was offered something is in doubt, and nobody got anything twice."""
    unknown = in_state(ledger, State.UNKNOWN)
    assert not unknown - peer.offered, "in doubt, and never offered to the relay"
    taken = [one.recipient for one in peer.taken]
    assert len(taken) == len(set(taken)), "came twice"
    assert in_state(ledger, State.DELIVERED) == set(taken) - unknown
    return len(unknown)


@pytest.mark.parametrize("flags", [(), ("early",)], ids=["as it is", "the control"])
async def test_what_a_relay_never_asked_for_goes_out_at_once(tmp_path: Path, flags: tuple[str, ...]) -> None:
    """It hangs before it asks for any content."""
    file, jobs = tmp_path / "tocsin.db", jobs_of(0)
    with closing(SqliteLedger(file)) as ledger:
        ledger.accept(jobs, datetime.now(UTC))
    peer = Recording([Fault(At.DATA, HANG, times=CONNECTIONS)])
    async with peer:
        with Senders(str(file), peer.port, "patient", *flags) as senders:
            await asyncio.to_thread(senders.start)
            await asyncio.to_thread(until, lambda: peer.announced == CONNECTIONS, 20)
            with closing(SqliteLedger(file)) as ledger:
                assert len(in_state(ledger, State.SENDING)) == PATIENT.concurrency
            senders.kill(senders.last)
            with closing(SqliteLedger(file)) as ledger:
                assert bool(handed_over(ledger) - peer.offered) == bool(flags)
            if flags:
                return
            await asyncio.to_thread(senders.start)
            await asyncio.to_thread(until, lambda: is_settled(file), SOON)
            senders.kill(senders.last)
    with closing(SqliteLedger(file)) as ledger:
        assert check(ledger, peer) == 0


async def test_kills_at_any_moment_leave_in_doubt_what_was_offered_alone(tmp_path: Path) -> None:
    file, kills = tmp_path / "tocsin.db", 2
    async with Recording(slow=True) as peer:
        with Senders(str(file), peer.port, "patient") as senders:
            for kill in range(kills):
                with closing(SqliteLedger(file)) as ledger:
                    ledger.accept(jobs_of(kill), datetime.now(UTC))
                await asyncio.to_thread(senders.start)
                await asyncio.to_thread(senders.wait_for, "sent", peer.chance.randint(1, BATCH // 2))
                senders.kill(senders.last)
                with closing(SqliteLedger(file)) as ledger:
                    assert not handed_over(ledger) - peer.offered
            await asyncio.to_thread(senders.start)
            await asyncio.to_thread(until, lambda: is_settled(file), SOON)
            senders.kill(senders.last)
    with closing(SqliteLedger(file)) as ledger:
        assert check(ledger, peer) <= kills * CONNECTIONS
        assert sum(ledger.counts().values()) == kills * BATCH
