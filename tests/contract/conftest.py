"""What contract tests share. Checks that stand outside of test files explain their failures as well."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from adapters.sqlite.ledger import SqliteLedger
from sender.ledger.port import Ledger
from tests.support.sender.in_memory_ledger import InMemoryLedger

pytest.register_assert_rewrite("tests.contract.ledger_promises", "tests.contract.people_promises")


@pytest.fixture(params=["memory", "sqlite"])
def either_ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ledger]:
    """A ledger in memory, and one in a file."""
    if request.param == "memory":
        yield InMemoryLedger()
        return
    with closing(SqliteLedger(tmp_path / "tocsin.db")) as made:
        yield made
