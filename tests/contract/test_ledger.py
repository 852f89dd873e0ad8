"""Every ledger keeps every promise, and every promise is one that a ledger can break."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from datetime import timedelta
from inspect import isfunction
from pathlib import Path
from types import ModuleType

import pytest

from adapters.postgres.ledger import PostgresLedger, PostgresLedgerReader
from adapters.sql_ledger.session import Session
from adapters.sqlite.ledger import SqliteLedger, SqliteLedgerReader
from sender.ledger.port import Ledger, LedgerUnavailableError
from sender.records import Selection
from tests.contract import (
    digest_promises,
    forgetting_promises,
    ledger_promises,
    listing_promises,
    outbox_promises,
    schedule_promises,
    storm_promises,
    suppression_promises,
    wait_promises,
)
from tests.contract.ledger_contract import BROKEN, DurableLedgerContract, LedgerContract, every_promise
from tests.contract.ledger_promises import Promise
from tests.support.sender.fakes import START, a_job
from tests.support.sender.in_memory_ledger import InMemoryLedger


@every_promise
def test_the_check_finds_the_ledger_that_breaks_it(promise: Promise) -> None:
    with pytest.raises(AssertionError):
        promise(BROKEN[promise]())


@pytest.mark.parametrize(
    "module",
    [
        digest_promises,
        forgetting_promises,
        ledger_promises,
        listing_promises,
        outbox_promises,
        schedule_promises,
        storm_promises,
        suppression_promises,
        wait_promises,
    ],
)
def test_no_promise_is_left_out(module: ModuleType) -> None:
    own = [value for value in vars(module).values() if isfunction(value) and value.__module__ == module.__name__]
    promises = {one for one in own if list(one.__annotations__) == ["ledger", "return"]}
    assert promises - set(BROKEN) <= {ledger_promises.a_batch_is_taken_in_whole_or_not_at_all}


class TestInMemoryLedger(LedgerContract):
    @pytest.fixture
    def ledger(self) -> Ledger:
        return InMemoryLedger()

    def test_a_torn_batch_is_what_it_can_not_undo(self, ledger: Ledger) -> None:
        """The control of the durable ledgers' promise."""
        with pytest.raises(AssertionError):
            ledger_promises.a_batch_is_taken_in_whole_or_not_at_all(ledger)


class TestSqliteLedger(DurableLedgerContract):
    @pytest.fixture
    def ledger(self, tmp_path: Path) -> Iterator[Ledger]:
        ledger = SqliteLedger(tmp_path / "tocsin.db")
        yield ledger
        ledger.close()


class AskedApart(SqliteLedger):
    """A ledger that is read on another connection than it is written on, as questions over HTTP read it."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._apart = SqliteLedgerReader(path, timedelta(seconds=20))

    @contextmanager
    def _reading(self) -> Iterator[Session]:
        with self._apart._reading() as session:
            yield session

    def close(self) -> None:
        self._apart.close()
        super().close()


class TestSqliteLedgerReader(LedgerContract):
    @pytest.fixture
    def ledger(self, tmp_path: Path) -> Iterator[Ledger]:
        ledger = AskedApart(tmp_path / "tocsin.db")
        yield ledger
        ledger.close()


def test_a_reader_can_change_nothing_and_holds_nobody_up(tmp_path: Path) -> None:
    with closing(SqliteLedger(tmp_path / "tocsin.db")) as ledger:
        reader = SqliteLedgerReader(tmp_path / "tocsin.db", timedelta(seconds=20))
        with closing(reader), reader._reading() as session:
            # In the midst of a question: whoever writes need not wait.
            rows = session.rows("SELECT 1 AS one", {})
            ledger.accept([a_job()], START)
            assert rows[0]["one"] == 1
        with closing(SqliteLedgerReader(tmp_path / "tocsin.db", timedelta(seconds=20))) as reader:
            assert [one.entry.job for one in reader.list(Selection(), 10)] == [a_job()]
            with pytest.raises(LedgerUnavailableError, match="can't be written"):
                reader.accept([a_job("e-2")], START)


def test_a_question_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    with closing(SqliteLedger(tmp_path / "tocsin.db")) as ledger:
        ledger.accept([a_job(f"e-{number}") for number in range(500)], START)
        with closing(SqliteLedgerReader(tmp_path / "tocsin.db", timedelta())) as reader:
            with pytest.raises(LedgerUnavailableError) as ended:
                reader.list(Selection(customer="nobody"), 10)
            assert ended.value.code == "too_slow"


@pytest.mark.postgres
class TestPostgresLedger(DurableLedgerContract):
    @pytest.fixture
    def ledger(self, postgres_url: str) -> Iterator[Ledger]:
        ledger = PostgresLedger(postgres_url)
        yield ledger
        ledger.close()


class AskedApartOnPostgres(PostgresLedger):
    """As AskedApart."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self._apart = PostgresLedgerReader(url, timedelta(seconds=20))

    def _reading(self) -> AbstractContextManager[Session]:
        return self._apart._reading()

    def close(self) -> None:
        self._apart.close()
        super().close()


OF_READING = [one for one in BROKEN if one.__module__ in (listing_promises.__name__, wait_promises.__name__)]


@pytest.mark.postgres
@pytest.mark.parametrize("promise", OF_READING, ids=lambda promise: promise.__name__)
def test_a_reader_of_postgresql_keeps_the_promise(postgres_url: str, promise: Promise) -> None:
    with closing(AskedApartOnPostgres(postgres_url)) as ledger:
        promise(ledger)


@pytest.mark.postgres
def test_a_reader_of_postgresql_can_change_nothing(postgres_url: str) -> None:
    with closing(PostgresLedger(postgres_url)) as ledger:
        ledger.accept([a_job()], START)
        with closing(PostgresLedgerReader(postgres_url, timedelta(seconds=20))) as reader:
            assert [one.entry.job for one in reader.list(Selection(), 10)] == [a_job()]
            with pytest.raises(LedgerUnavailableError) as refused:
                reader.accept([a_job("e-2")], START)
            assert refused.value.code == "read_only"


@pytest.mark.postgres
def test_a_reader_of_postgresql_that_is_not_there_says_so() -> None:
    url = "postgresql://tocsin@127.0.0.1:1/tocsin"
    reader = PostgresLedgerReader(url, timedelta(milliseconds=200))
    with closing(reader), pytest.raises(LedgerUnavailableError):
        reader.find("0000")
