"""Every ledger keeps every promise, and every promise is one that a ledger can break."""

from __future__ import annotations

from collections.abc import Iterator
from inspect import isfunction
from pathlib import Path
from types import ModuleType

import pytest

from adapters.postgres.ledger import PostgresLedger
from adapters.sqlite.ledger import SqliteLedger
from sender.ledger.port import Ledger
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


@pytest.mark.postgres
class TestPostgresLedger(DurableLedgerContract):
    @pytest.fixture
    def ledger(self, postgres_url: str) -> Iterator[Ledger]:
        ledger = PostgresLedger(postgres_url)
        yield ledger
        ledger.close()
