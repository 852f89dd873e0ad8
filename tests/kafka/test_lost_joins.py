"""A member whose join is lost sight of joins again, as when partitions are added at the wrong moment."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from kafka.structs import MemberState
from structlog.testing import capture_logs

from adapters.kafka import group_reader, lost_joins
from adapters.kafka.event_log import KafkaEventLog
from schemas.log import NewRecord
from schemas.topics import TICKETS
from tests.contract.event_log_worlds import polled
from tests.kafka.members import GROUP, event_log, member
from tests.support.brokers.cluster import Cluster

pytestmark = pytest.mark.kafka

POLL = 0.2
PATIENCE = 30.0
DEALS = 1.0
"""Seconds for which partitions are dealt out here: longer than a poll takes."""
SETTLES = 3.0
"""Seconds after which a member asks no more for what is new, unless it is time to look again."""


def poll_until(log: KafkaEventLog, holds: Callable[[], bool], within: float = PATIENCE) -> None:
    deadline = time.monotonic() + within
    while not holds():
        assert time.monotonic() < deadline, "not in time"
        log.poll(10, POLL)


def grown(cluster: Cluster, log: KafkaEventLog) -> Any:
    """The coordinator of a member that dealt out one partition, deals slowly now, and has heard of two more."""
    cluster.create(TICKETS, partitions=1)
    poll_until(log, lambda: log.has_joined)
    coordinator = log._reader._consumer._coordinator
    deal = coordinator._perform_assignment

    def deal_slowly(*given: Any) -> Any:
        try:
            return deal(*given)
        finally:
            time.sleep(DEALS)

    coordinator._perform_assignment = deal_slowly
    with cluster.admin() as admin:
        admin.create_partitions({cluster.prefix + TICKETS: 3})
    coordinator._cluster.request_update()
    return coordinator


def test_it_has_the_new_partitions_and_is_a_member(cluster: Cluster) -> None:
    with event_log(cluster, member()) as log, capture_logs() as lines:
        coordinator = grown(cluster, log)
        poll_until(
            log, lambda: cluster.members(GROUP) == {"one": {0, 1, 2}} and coordinator.state is MemberState.STABLE
        )
        for partition in range(3):
            cluster.append([NewRecord(TICKETS, b"T-1", b"%d" % partition)], partition=partition)
        assert {record.value for record in polled(log, 3, PATIENCE)} == {b"0", b"1", b"2"}
    assert [line["group"] for line in lines if line["event"] == "join_begun_again"] == [GROUP]


def test_without_that_it_stays_between_two_generations(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lost_joins.LostJoins, "look", lambda _self: None)
    with event_log(cluster, member()) as log:
        coordinator = grown(cluster, log)
        poll_until(log, lambda: coordinator.state is MemberState.REBALANCING)
        poll_until(log, lambda: not coordinator.need_rejoin())
        for _ in range(3):
            log.poll(10, POLL)
        assert coordinator.state is MemberState.REBALANCING
        # It is thrown out when its session ends, and says that it has not joined.
        poll_until(log, lambda: not log.has_joined)
        assert cluster.members(GROUP) == {}


def test_partitions_that_are_added_are_taken_unasked(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(group_reader, "LOOK_AGAIN", timedelta(seconds=1))
    cluster.create(TICKETS, partitions=1)
    with event_log(cluster, member()) as log:
        poll_until(log, lambda: log.has_joined)
        # By now it has asked for all that a member asks for as it joins.
        joined = time.monotonic()
        poll_until(log, lambda: time.monotonic() > joined + SETTLES)
        with cluster.admin() as admin:
            admin.create_partitions({cluster.prefix + TICKETS: 3})
        poll_until(log, lambda: cluster.members(GROUP) == {"one": {0, 1, 2}})
