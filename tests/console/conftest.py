"""What the tests of the console share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.console.served import Served, served


@pytest.fixture
def world() -> Iterator[Served]:
    with served() as made:
        yield made
