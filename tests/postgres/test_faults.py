"""Whatever happens to the server, a call ends, and says by name what is wrong; afterwards the ledger works again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from adapters.postgres.faults import of_call
from adapters.postgres.server import Limits
from schemas.vocabulary import Trigger
from sender.records import Admission, Report
from sender.states import State, Transition
from tests.postgres.places import admin, behind_a_proxy, code_of, ledger_at, locked
from tests.support.sender.fakes import START, a_job

pytestmark = pytest.mark.postgres

LEASE = timedelta(minutes=5)
SOON = timedelta(milliseconds=300)
LONG = timedelta(seconds=20)


@contextmanager
def begun(call: Callable[[], object], url: str) -> Iterator[Callable[[], str]]:
    """A call that waits on the server for a lock; gives what its error's code will be."""
    with locked(url, "jobs"), ThreadPoolExecutor(1) as thread:
        future = thread.submit(code_of, call)
        with psycopg.connect(url) as other:
            while not other.execute("SELECT 1 FROM pg_locks WHERE NOT granted").fetchall():
                pass
        yield lambda: future.result(30)


@pytest.mark.parametrize(
    ("limits", "code"), [(Limits(SOON, LONG), "statement_timeout"), (Limits(LONG, SOON), "lock_timeout")]
)
def test_a_call_does_not_wait_for_ever_for_a_lock(postgres_url: str, limits: Limits, code: str) -> None:
    with ledger_at(postgres_url, limits=limits) as ledger:
        with locked(postgres_url, "jobs"):
            assert code_of(lambda: ledger.accept([a_job()], START)) == code
            assert code_of(ledger.counts) == code
        assert ledger.accept([a_job()], START) == [Admission.ACCEPTED]


def test_a_server_that_says_nothing_more_is_given_up(postgres_url: str) -> None:
    with behind_a_proxy(postgres_url, answer_within=SOON) as (ledger, proxy):
        with begun(lambda: ledger.accept([a_job()], START), postgres_url) as code:
            proxy.swallow()
            assert code() == "no_answer"
        proxy.go_on()
        assert ledger.accept([a_job()], START) in ([Admission.ACCEPTED], [Admission.DUPLICATE])


def test_a_lost_connection_is_replaced(postgres_url: str) -> None:
    with behind_a_proxy(postgres_url) as (ledger, proxy):
        with begun(lambda: ledger.accept([a_job()], START), postgres_url) as code:
            proxy.cut()
            assert code() == "connection_lost"
        proxy.cut()
        assert ledger.claim(START, 9, LEASE) == []
        proxy.cut()
        assert ledger.counts()[State.QUEUED] == 0


def test_a_backend_that_an_administrator_ends_is_replaced(postgres_url: str) -> None:
    mine = "FROM pg_stat_activity WHERE application_name = 'tocsin' AND datname = current_database()"
    end = f"SELECT pg_terminate_backend(pid) {mine}"
    with ledger_at(postgres_url) as ledger:
        with begun(ledger.counts, postgres_url) as code:
            admin(postgres_url, end)
            assert code() == "connection_lost"
        admin(postgres_url, end)
        assert ledger.accept([a_job()], START) == [Admission.ACCEPTED]


@pytest.mark.parametrize("passed_on", [True, False])
def test_a_call_whose_commit_is_in_doubt_may_be_repeated(postgres_url: str, passed_on: bool) -> None:
    job, other = a_job("e-1", "T-1"), a_job("e-2", "T-2", trigger=Trigger.OPENED, once="k")
    with behind_a_proxy(postgres_url) as (ledger, proxy):

        def in_doubt(call: Callable[[], Any]) -> Any:
            proxy.cut_at(b"COMMIT\0", passed_on=passed_on)
            assert code_of(call) == "connection_lost"
            return call()

        ledger.accept([job], START)
        assert in_doubt(lambda: ledger.accept([other], START)) == [
            Admission.DUPLICATE if passed_on else Admission.ACCEPTED
        ]
        claimed = in_doubt(lambda: ledger.claim(START, 9, LEASE))
        # A claim that was done is nobody's: its lease ends, and the jobs are seen to like those of a sender that died.
        entries = claimed or ledger.lapsed(START + LEASE, 9)
        assert [entry.standing.attempt for entry in entries] == [1, 1]
        reports = [Report(entry.job.id, 1, Transition.DELIVERED) for entry in entries]
        assert in_doubt(lambda: ledger.record(reports, START)) == (reports if passed_on else [])
        assert ledger.counts()[State.DELIVERED] == 2
        assert [len(ledger.history(one.id)) for one in (job, other)] == [3, 3]


def test_texts_that_the_server_can_not_keep_are_no_fault(postgres_url: str) -> None:
    job = a_job("e-\0", "T-\0", trigger=Trigger.OPENED, once="k\0", customer="c\0")
    with ledger_at(postgres_url) as ledger:
        assert ledger.accept([job, job], START) == [Admission.ACCEPTED, Admission.DUPLICATE]
        [claimed] = ledger.claim(START, 9, LEASE)
        assert claimed.job == job
        assert ledger.record([Report(job.id, 1, Transition.REFUSED, code=550, text="no\0", fault="\0")], START) == []
        assert [change.text for change in ledger.history(job.id)][2:] == ["no␀"]


STATES = {
    psycopg.errors.DiskFull: "disk_full",
    psycopg.errors.OutOfMemory: "out_of_memory",
    psycopg.errors.TooManyConnections: "too_many_connections",
    psycopg.errors.DeadlockDetected: "contended",
    psycopg.errors.IoError: "io_error",
    psycopg.errors.DataCorrupted: "damaged",
    psycopg.errors.IndexCorrupted: "damaged",
    psycopg.errors.CannotConnectNow: "starting_up",
    psycopg.errors.CrashShutdown: "connection_lost",
    psycopg.errors.IdleInTransactionSessionTimeout: "connection_lost",
    psycopg.errors.DivisionByZero: "storage_error",
    psycopg.InterfaceError: "client_error",
}


@pytest.mark.parametrize(("error", "code"), STATES.items())
def test_what_no_test_can_bring_about_is_named_by_its_state(error: type[psycopg.Error], code: str) -> None:
    named = of_call("PostgreSQL h:1/d", error("key (address)=(zoe@acme.example)"))
    assert named.code == code
    assert str(named).startswith("PostgreSQL h:1/d: ")
    assert "zoe" not in str(named)


def test_a_table_that_was_changed_is_named(postgres_url: str) -> None:
    with ledger_at(postgres_url) as ledger:
        admin(postgres_url, "ALTER TABLE jobs RENAME COLUMN domain TO other")
        assert code_of(lambda: ledger.accept([a_job()], START)) == "foreign_database"


def test_a_database_that_may_only_be_read_says_so(postgres_url: str) -> None:
    admin(postgres_url, f"ALTER DATABASE {postgres_url.rpartition('/')[2]} SET default_transaction_read_only = on")
    with ledger_at(postgres_url) as ledger:
        assert code_of(lambda: ledger.accept([a_job()], START)) == "read_only"
        assert ledger.next_due() is None
