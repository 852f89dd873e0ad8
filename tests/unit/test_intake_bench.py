"""The benchmark of the intake runs, and measures what it says."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest

from bench.intake import BATCH, Connection, Server, answer_times, event, memory, rates, server


@pytest.fixture(scope="module")
def kept() -> Iterator[Server]:
    with server("kept") as one:
        yield one


def test_it_measures_rates_times_and_memory(kept: Server) -> None:
    with server("bare") as bare:
        measured = rates(kept, bare, BATCH, rounds=1)
    measured |= answer_times(kept, load=50, seconds=0.2) | memory(kept, 20)
    assert all(measured[name]["per_second"] > 0 for name in ("event", "batched", "webhook"))
    assert measured["answer_ms"]["median"] <= measured["answer_ms"]["p99"]
    assert min(measured["memory_mib"].values()) > 1


def test_a_post_that_is_not_taken_is_no_figure(kept: Server) -> None:
    with closing(Connection(kept.port)) as connection:
        connection.post(event())
        with pytest.raises(RuntimeError, match="403"):
            connection.post(event().replace(b"/v1/events", b"/v1/hooks/generic").replace(b"Bearer", b"Basic"))
