"""What goes wrong with the history stops neither decisions nor deliveries, and is seen."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs

from adapters.prometheus.history_metrics import HistoryMetrics
from history.filler import Filler
from history.ports import Batch, HistoryUnavailableError
from schemas.topics import DECISIONS
from tests.support.history.in_memory_history import InMemoryHistory
from tests.support.history.in_memory_topics import InMemoryTopics
from tests.support.history.made_decisions import MINUTE, START, decided, told
from tocsin.services.history import HistoryLoop


class Now:
    def now(self) -> datetime:
        return START + 30 * MINUTE


class Shaky(InMemoryHistory):
    """Raises what it is told to, once each."""

    def __init__(self, faults: Iterator[Exception]) -> None:
        super().__init__()
        self.faults = faults

    def fill(self, batch: Batch) -> int | None:
        for fault in self.faults:
            raise fault
        return super().fill(batch)


def a_loop(*faults: Exception, at_once: int = 100) -> tuple[HistoryLoop, Shaky, CollectorRegistry]:
    topics, store, registry = InMemoryTopics(), Shaky(iter(faults)), CollectorRegistry()
    for number in range(5):
        topics.decide(decided(told(), ticket=f"T-{number}"))
    topics.append(DECISIONS, b"no decision")
    stop = threading.Event()
    # Rests wait for this event, so that none is waited for here.
    stop.set()
    filler = Filler(topics, store, Now(), timedelta(days=90), at_once)
    return HistoryLoop(filler, HistoryMetrics(registry), stop), store, registry


def test_an_outage_is_told_once_and_waited_out() -> None:
    away = [HistoryUnavailableError("disk_full", "tocsin.db: the disk is full") for _ in range(3)]
    loop, store, registry = a_loop(*away)
    with capture_logs() as lines:
        steps = [loop.step() for _ in range(5)]
    assert steps == [False, False, False, True, False]
    assert [line["event"] for line in lines] == ["history_unavailable", "history_goes_on", "decision_unreadable"]
    assert len(store.kept) == 5
    assert registry.get_sample_value("tocsin_history_faults_total") == 3
    assert registry.get_sample_value("tocsin_history_decisions_total") == 5
    assert registry.get_sample_value("tocsin_history_unreadable_total") == 1
    assert registry.get_sample_value("tocsin_history_lag_records") == 0


def test_a_fault_of_ours_ends_the_history_and_nothing_else() -> None:
    loop, store, registry = a_loop(ZeroDivisionError("ours"))
    with capture_logs() as lines:
        steps = [loop.step() for _ in range(3)]
    assert steps == [False] * 3
    assert [(line["event"], line["log_level"]) for line in lines] == [("history_failed", "error")]
    assert (len(store.kept), registry.get_sample_value("tocsin_history_faults_total")) == (0, 1)


def test_what_waits_is_seen_while_it_waits() -> None:
    loop, _, registry = a_loop(at_once=2)
    before = registry.get_sample_value("tocsin_history_current_timestamp_seconds")
    loop.step()
    assert registry.get_sample_value("tocsin_history_lag_records") == 4
    assert registry.get_sample_value("tocsin_history_current_timestamp_seconds") == before


@pytest.mark.parametrize("fault", [HistoryUnavailableError("locked", "x: locked"), ZeroDivisionError("ours")])
def test_a_drain_ends_where_the_history_can_not_be_filled(fault: Exception) -> None:
    loop, _, _ = a_loop(fault)
    loop._stop.clear()
    assert not loop.fill()
