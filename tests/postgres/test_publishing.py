"""One publisher at a time, whatever becomes of it."""

from __future__ import annotations

from contextlib import closing

import pytest

from adapters.postgres.ledger import PostgresLedger
from sender.ledger.port import LedgerUnavailableError
from tests.postgres.places import admin, behind_a_proxy, ledger_at
from tests.support.sender.fakes import START, a_job

pytestmark = pytest.mark.postgres


def test_only_one_sender_publishes_until_it_is_closed(postgres_url: str) -> None:
    with ledger_at(postgres_url) as one, ledger_at(postgres_url) as other:
        one.accept([a_job()], START)
        [record] = one.outbox(9)
        assert list(other.outbox(9)) == []
        assert list(one.outbox(9)) == [record]
        one.close()
        # The server lets go of what a connection held once it has seen that it is closed.
        while not (left := list(other.outbox(9))):
            pass
        assert left == [record]
        other.published([record.id])
        assert list(other.outbox(9)) == []


def test_a_publisher_whose_connection_died_is_one_no_longer(postgres_url: str) -> None:
    with behind_a_proxy(postgres_url) as (one, proxy), ledger_at(postgres_url) as other:
        one.accept([a_job()], START)
        assert len(one.outbox(9)) == 1
        proxy.cut()
        while not other.outbox(9):
            pass
        assert list(one.outbox(9)) == []
        other.close()
        while not one.outbox(9):
            pass


def test_a_publisher_that_was_cut_off_goes_on_where_nobody_else_does(postgres_url: str) -> None:
    with ledger_at(postgres_url) as one:
        one.accept([a_job()], START)
        assert len(one.outbox(9)) == 1
        admin(
            postgres_url,
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'tocsin'",
        )
        assert len(one.outbox(9)) == 1


def test_publishers_of_two_databases_do_not_disturb_each_other(postgres_url: str, empty_database: str) -> None:
    with ledger_at(postgres_url) as one, ledger_at(empty_database) as other:
        for ledger in (one, other):
            ledger.accept([a_job()], START)
            assert len(ledger.outbox(9)) == 1


def test_records_are_told_in_the_order_of_the_commits(postgres_url: str) -> None:
    """One transaction may begin to write before another, and end after it."""
    with ledger_at(postgres_url) as early, closing(PostgresLedger(postgres_url)) as late:
        early.accept([a_job("e-1", "T-1")], START)
        late.accept([a_job("e-1", "T-2", "b@x.example")], START)
        first, second = early.outbox(9)
        assert first.id < second.id
        late.published([second.id])
        assert list(early.outbox(9)) == [first]


def test_the_outbox_of_a_closed_ledger_is_closed(postgres_url: str) -> None:
    ledger = PostgresLedger(postgres_url)
    ledger.close()
    with pytest.raises(LedgerUnavailableError):
        ledger.outbox(1)
