"""`kill -9` of one of two senders on one PostgreSQL ledger under load, and of the server itself.

Nothing is lost. A message comes twice only where a crash fell between its final dot and the ledger's record of it.
"""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from adapters.postgres.ledger import PostgresLedger
from tests.databases.native import NativePostgres
from tests.faults.postgres_senders import (
    BATCH,
    Senders,
    arrivals,
    batch,
    check,
    deliver_under_kills,
    wait_until_finished,
)
from tests.mailbox_thread import mailbox_in
from tests.postgres.places import admin

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


@pytest.mark.timeout(200)
def test_the_check_finds_senders_that_claim_without_a_lock(postgres_url: str, tmp_path: Path) -> None:
    admin(postgres_url, "ALTER TABLE job_changes DROP CONSTRAINT job_changes_pkey")
    with mailbox_in(tmp_path) as port:
        jobs = deliver_under_kills(postgres_url, port, 0, "unlocked")
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
            senders.wait_for("lost")
            mortal_server.start()
            senders.wait_for("up")
        with closing(PostgresLedger(url)) as ledger:
            ledger.accept(jobs[crashes * BATCH :], datetime.now(UTC))
            wait_until_finished(ledger)
    # Both senders have some under way when the server crashes.
    check(url, jobs, arrivals(tmp_path), 2 * crashes)
