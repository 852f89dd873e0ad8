"""A history is filled from Kafka by its own positions, and read anew, whatever transactions lie between the records."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta

import msgspec
import pytest

from adapters.kafka.history_source import KafkaHistorySource
from history.filler import Filler
from history.ports import HistoryUnavailableError
from schemas.log import NewRecord
from schemas.topics import DECISIONS, TICKETS
from tests.kafka.members import settings_of
from tests.support.brokers.cluster import Cluster
from tests.support.helpdesk.files import created
from tests.support.history.in_memory_history import InMemoryHistory
from tests.support.history.made_decisions import decided, told
from tocsin.clock import SystemClock
from tocsin.operations.history.filling import begin_anew, fill

pytestmark = pytest.mark.kafka


@pytest.fixture
def source(cluster: Cluster) -> Iterator[KafkaHistorySource]:
    cluster.create(TICKETS)
    cluster.create(DECISIONS)
    with closing(KafkaHistorySource(settings_of(cluster))) as made:
        yield made


def decision(number: int) -> NewRecord:
    return NewRecord(DECISIONS, f"T-{number}".encode(), msgspec.json.encode(decided(told(), ticket=f"T-{number}")))


def go_on() -> bool:
    return False


def test_what_was_committed_is_kept_once_and_can_be_read_anew(cluster: Cluster, source: KafkaHistorySource) -> None:
    store = InMemoryHistory()
    filler = Filler(source, store, SystemClock(), timedelta(days=9), at_once=3)
    cluster.append([decision(one) for one in range(7)])
    cluster.append([NewRecord(TICKETS, b"T-1", json.dumps(created(1, title="printer")).encode())])
    with cluster.aborted([decision(99)]):
        pass
    done = fill(filler, go_on)
    assert (done.records, done.decisions, filler.lag()) == (8, 7, 0)
    assert [one.id for one in store.tickets_with("printer", 9).items] == ["T-1"]
    cluster.append([decision(7)])
    assert filler.lag() == 1
    # Another process goes on from the positions that are kept.
    with closing(KafkaHistorySource(settings_of(cluster))) as other:
        assert fill(Filler(other, store, SystemClock(), timedelta(days=9)), go_on).decisions == 1
    assert fill(filler, go_on).decisions == 0
    beginning = source.beginning()
    assert beginning == min(one.at for one in store.kept.values())
    assert begin_anew(store, beginning, go_on) == 8
    assert fill(filler, go_on).decisions == 8
    assert sorted(one.decision.ticket for one in store.kept.values()) == [f"T-{one}" for one in range(8)]


def test_a_missing_topic_is_named(cluster: Cluster) -> None:
    with (
        closing(KafkaHistorySource(settings_of(cluster))) as source,
        pytest.raises(HistoryUnavailableError, match="tocsin topics create"),
    ):
        source.read({}, 10)
