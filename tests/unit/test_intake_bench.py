"""The benchmark of the intake runs, and measures what it says."""

from __future__ import annotations

from contextlib import closing

import pytest

from bench.intake import BATCH, Connection, answer_times, event, memory, rates, server


def test_it_measures_rates_times_and_memory() -> None:
    measured = rates(BATCH, rounds=1) | answer_times(load=50, seconds=0.2) | memory(20)
    assert all(measured[name]["per_second"] > 0 for name in ("event", "batched", "webhook"))
    assert measured["answer_ms"]["median"] <= measured["answer_ms"]["p99"]
    assert min(measured["memory_mib"].values()) > 1


def test_a_post_that_is_not_taken_is_no_figure() -> None:
    with server("kept") as one, closing(Connection(one.port)) as connection:
        connection.post(event())
        with pytest.raises(RuntimeError, match="403"):
            connection.post(event().replace(b"/v1/events", b"/v1/hooks/generic").replace(b"Bearer", b"Basic"))
