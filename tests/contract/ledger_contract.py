"""The contract of a ledger: to be inherited by a test class for each adapter."""

from __future__ import annotations

import pytest

from sender.ledger.port import Ledger
from tests.contract import ledger_promises as promises
from tests.contract.broken_forgetting import BROKEN_FORGETTING
from tests.contract.broken_holds import BROKEN_HOLDS
from tests.contract.broken_jobs import BROKEN_JOBS
from tests.contract.broken_schedules import BROKEN_SCHEDULES
from tests.contract.broken_storms import BROKEN_STORMS
from tests.contract.ledger_promises import Promise

BROKEN = BROKEN_JOBS | BROKEN_STORMS | BROKEN_SCHEDULES | BROKEN_HOLDS | BROKEN_FORGETTING
"""Every promise, with a ledger that breaks it."""

every_promise = pytest.mark.parametrize("promise", BROKEN, ids=lambda promise: promise.__name__)


class LedgerContract:
    """A class that inherits it gives a fixture `ledger`, empty each time."""

    @every_promise
    def test_keeps_the_promise(self, ledger: Ledger, promise: Promise) -> None:
        promise(ledger)


class DurableLedgerContract(LedgerContract):
    """For adapters that keep jobs on disk."""

    def test_a_batch_is_taken_in_whole_or_not_at_all(self, ledger: Ledger) -> None:
        promises.a_batch_is_taken_in_whole_or_not_at_all(ledger)
