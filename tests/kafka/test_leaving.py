"""A member that leaves its group as it closes: it gives up its own place and nobody else's, and nothing holds it up."""

from __future__ import annotations

import time

import pytest
from structlog.testing import capture_logs

from adapters.kafka.event_log import KafkaEventLog
from schemas.topics import TICKETS
from tests.kafka.members import GROUP, event_log, member, settings_of
from tests.support.brokers.cluster import Cluster
from tests.support.brokers.native import NativeBroker

pytestmark = pytest.mark.kafka

PATIENCE = 30.0


def joined(log: KafkaEventLog) -> None:
    """Poll until it is a member."""
    deadline = time.monotonic() + PATIENCE
    while not log.has_joined:
        assert time.monotonic() < deadline
        log.poll(10, 0.2)


@pytest.mark.parametrize("for_good", [True, False])
def test_its_place_is_gone_only_where_it_leaves(cluster: Cluster, for_good: bool) -> None:
    cluster.create(TICKETS)
    with event_log(cluster, member()) as log:
        joined(log)
        assert cluster.members(GROUP) == {"one": {0}}
        with capture_logs() as lines:
            log.close(for_good)
    assert cluster.members(GROUP) == ({} if for_good else {"one": {0}})
    assert lines == []


def test_one_whose_instance_another_process_has_taken_does_not_throw_that_out(cluster: Cluster) -> None:
    cluster.create(TICKETS)
    with event_log(cluster, member()) as first, event_log(cluster, member()) as second:
        joined(first)
        joined(second)
        with capture_logs() as lines:
            first.close(for_good=True)
        assert cluster.members(GROUP) == {"one": {0}}
        assert [line["event"] for line in lines] == ["not_left"]


def test_a_broker_that_hangs_is_not_waited_for_without_end(lone_cluster: Cluster, lone: NativeBroker) -> None:
    lone_cluster.create(TICKETS)
    log = KafkaEventLog(settings_of(lone_cluster), member())
    joined(log)
    lone.pause()
    started = time.monotonic()
    try:
        with capture_logs() as lines:
            log.close(for_good=True)
    finally:
        lone.resume()
    assert time.monotonic() - started < 25
    assert "not_left" in [line["event"] for line in lines]
