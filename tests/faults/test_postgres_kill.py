"""`kill -9` of one of two senders on one PostgreSQL ledger under load, and of the server itself.

Nothing is lost. A message comes twice only where a crash fell between its final dot and the ledger's record of it.
"""

from __future__ import annotations

import asyncio
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from adapters.postgres.ledger import PostgresLedger
from sender.delivery.retry import RetryPolicy
from sender.records import LedgerEntry, Selection
from sender.states import State
from tests.faults.engines import until
from tests.faults.postgres_senders import (
    BATCH,
    Senders,
    arrivals,
    batch,
    check,
    deliver_under_kills,
    wait_until_finished,
)
from tests.faults.sender_child import PATIENT
from tests.postgres.places import admin
from tests.support.databases.native import NativePostgres
from tests.support.mail.mailbox_thread import mailbox_in
from tests.support.mail.smtp_peers import HANG, At, Fault, FaultyPeer
from tests.support.sender.fakes import a_job

CONNECTIONS = 8
HOUR = timedelta(hours=1)

pytestmark = pytest.mark.postgres


@pytest.mark.timeout(400)
@pytest.mark.parametrize("kills", [5, pytest.param(20, marks=pytest.mark.slow)])
def test_kills_of_one_of_two_senders_lose_nothing(postgres_url: str, tmp_path: Path, kills: int) -> None:
    with mailbox_in(tmp_path) as port:
        jobs = deliver_under_kills(postgres_url, port, kills)
    arrived = arrivals(tmp_path)
    doubles = check(postgres_url, jobs, arrived, kills)
    print(f"{len(jobs)} jobs, {kills} kills, {doubles} doubles")  # noqa: T201 - for the reader of a long run
    for broken in (arrived[1:], arrived + arrived[:1], arrived[::-1]):
        with pytest.raises(AssertionError):
            check(postgres_url, jobs, broken, kills)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("kills", [1, pytest.param(6, marks=pytest.mark.slow)])
async def test_what_a_killed_sender_had_not_handed_over_goes_out_at_once(
    postgres_url: str, tmp_path: Path, kills: int
) -> None:
    """The relay of those that are killed hangs at the final dot; with leases and delays as in earnest."""
    expires = datetime.now(UTC) + HOUR
    jobs = [a_job(f"e-{number}", f"T-{number}", f"p{number}@acme.example", expires=expires) for number in range(200)]
    handed_over: set[str] = set()
    hangs = Fault(At.DOT, HANG, times=10_000)
    with mailbox_in(tmp_path) as port, closing(PostgresLedger(postgres_url)) as ledger:
        async with FaultyPeer([hangs]) as peer:
            with Senders(postgres_url, peer.port, "patient") as victims:
                for _ in range(kills):
                    ledger.accept([jobs.pop() for _ in range(PATIENT.concurrency)], datetime.now(UTC))
                    await asyncio.to_thread(victims.start)
                    await asyncio.to_thread(until, lambda: len(given(ledger)) == CONNECTIONS, 30)
                    handed_over |= {one.job.id for one in given(ledger)}
                    victims.kill(victims.last)
                    with Senders(postgres_url, port, "patient") as heirs:
                        await asyncio.to_thread(heirs.start)
                        await asyncio.to_thread(until, lambda: not sending(ledger) and not queued(ledger), 15)
        lines = ledger.list(Selection(), 1_000)
    states = {line.entry.job.id: line.entry.standing for line in lines}
    unknown = {job: standing.due for job, standing in states.items() if standing.state is State.UNKNOWN}
    assert set(unknown) == handed_over
    assert len(handed_over) == CONNECTIONS * kills
    assert sorted(arrivals(tmp_path)) == sorted(set(states) - handed_over), "each once, and nothing of what is in doubt"
    half_an_hour = RetryPolicy().unknown_delay * (1 + RetryPolicy().jitter)
    assert all(due and due < datetime.now(UTC) + half_an_hour for due in unknown.values())


def sending(ledger: PostgresLedger) -> list[LedgerEntry]:
    return [line.entry for line in ledger.list(Selection(states=frozenset({State.SENDING})), 1_000)]


def queued(ledger: PostgresLedger) -> list[LedgerEntry]:
    return [line.entry for line in ledger.list(Selection(states=frozenset({State.QUEUED})), 1_000)]


def given(ledger: PostgresLedger) -> list[LedgerEntry]:
    return [one for one in sending(ledger) if one.standing.handed_over]


@pytest.mark.timeout(200)
def test_the_check_finds_senders_that_claim_without_a_lock(postgres_url: str, tmp_path: Path) -> None:
    admin(postgres_url, "ALTER TABLE job_changes DROP CONSTRAINT job_changes_pkey")
    jobs = [job for number in range(10) for job in batch(number)]
    with (
        mailbox_in(tmp_path) as port,
        closing(PostgresLedger(postgres_url)) as ledger,
        Senders(postgres_url, port, "unlocked") as senders,
    ):
        for _ in range(2):
            senders.start()
        for number in range(10):
            ledger.accept(jobs[number * BATCH : (number + 1) * BATCH], datetime.now(UTC))
            wait_until_finished(ledger)
    with pytest.raises(AssertionError):
        check(postgres_url, jobs, arrivals(tmp_path), 0)


@pytest.mark.timeout(200)
def test_a_server_that_crashes_and_comes_back_loses_nothing(mortal_server: NativePostgres, tmp_path: Path) -> None:
    url, crashes = mortal_server.url("postgres"), 3
    jobs = [job for number in range(crashes + 1) for job in batch(number)]
    with mailbox_in(tmp_path) as port, Senders(url, port) as senders:
        for _ in range(2):
            senders.start()
        for number in range(crashes):
            with closing(PostgresLedger(url)) as ledger:
                ledger.accept(jobs[number * BATCH : (number + 1) * BATCH], datetime.now(UTC))
            senders.wait_for("sent", 10)
            mortal_server.kill()
            mortal_server.start()
        with closing(PostgresLedger(url)) as ledger:
            ledger.accept(jobs[crashes * BATCH :], datetime.now(UTC))
            wait_until_finished(ledger)
    # Both senders have some under way when the server crashes.
    check(url, jobs, arrivals(tmp_path), 2 * crashes)
