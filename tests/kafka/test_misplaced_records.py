"""On a real topic with several partitions: whose producer chooses partitions in another way is found out."""

from __future__ import annotations

import json
import zlib
from contextlib import closing

import pytest
from kafka.admin import NewPartitions

from adapters.kafka.event_log import KafkaEventLog
from adapters.kafka.settings import KafkaSettings, Membership
from engine.consumer import Consumer
from engine.placement import Misplaced, Misplacement
from engine.ports import RulesInForce
from engine.stages.s4_rule_matching import ReferenceMatcher
from schemas.log import NewRecord
from schemas.topics import DEAD_LETTERS, DECISIONS, JOBS, TICKETS
from tests.support.brokers.cluster import Cluster
from tests.support.engine_on_fakes import Still
from tests.support.helpdesk.events import NOW, Helpdesk, default_rules, envelope

pytestmark = pytest.mark.kafka

PARTITIONS = 12
TICKETS_SAVED = [f"T-{number}" for number in range(60)]


def event(ticket: str) -> NewRecord:
    return NewRecord(TICKETS, ticket.encode(), json.dumps(envelope({"id": ticket}, {"previous": None})).encode())


def crc32(key: str) -> int:
    """As librdkafka chooses, where it is not told otherwise."""
    return zlib.crc32(key.encode()) % PARTITIONS


def decided(cluster: Cluster, records: int) -> list[Misplaced]:
    settings = KafkaSettings((cluster.bootstrap,), cluster.prefix)
    found: list[Misplaced] = []
    with closing(KafkaEventLog(settings, Membership("engine", "one"))) as log:
        rules = RulesInForce(default_rules(), ReferenceMatcher())
        consumer = Consumer(log, Still(Helpdesk().directory()), Still(rules), Still(NOW))
        while records > 0:
            batch = consumer.step(20)
            records -= batch.records
            found += batch.misplaced
            assert len(batch.decisions) == batch.records
    return found


@pytest.fixture
def topics(cluster: Cluster) -> Cluster:
    cluster.create(TICKETS, partitions=PARTITIONS)
    cluster.create(JOBS, DECISIONS, DEAD_LETTERS)
    return cluster


def test_records_of_a_foreign_partitioner_are_found_and_those_of_our_own_are_not(topics: Cluster) -> None:
    topics.append(event(ticket) for ticket in TICKETS_SAVED)
    for ticket in TICKETS_SAVED:
        topics.append([event(ticket)], partition=crc32(ticket))
    found = decided(topics, 2 * len(TICKETS_SAVED))
    assert len(found) >= 0.8 * len(TICKETS_SAVED)
    assert {one.why for one in found} == {(Misplacement.PARTITION,)}
    assert all(one.record.partition == crc32(one.ticket) != one.belongs_in for one in found)


def test_after_a_topic_has_grown_its_older_records_count_too(topics: Cluster) -> None:
    topics.append(event(ticket) for ticket in TICKETS_SAVED)
    with topics.admin() as admin:
        admin.create_partitions({topics.prefix + TICKETS: NewPartitions(2 * PARTITIONS)})
    found = decided(topics, len(TICKETS_SAVED))
    # Those of the partitions that are new now; murmur2 leaves the others where they are.
    assert 0 < len(found) < len(TICKETS_SAVED)
    assert {one.belongs_in - one.record.partition for one in found if one.belongs_in is not None} == {PARTITIONS}
