"""Topics are made as they have to be, and what is wrong with them is named."""

from __future__ import annotations

import time
from contextlib import closing

import pytest

from adapters.kafka.appender import KafkaAppender
from adapters.kafka.errors import KafkaRefusedError
from adapters.kafka.topics import TOPICS, Level, check_topics, create_topics
from schemas.log import NewRecord
from schemas.topics import DEAD_LETTERS, DIRECTORY, TICKETS
from tests.kafka.members import settings_of
from tests.support.brokers.cluster import Cluster

pytestmark = pytest.mark.kafka


def wrong(cluster: Cluster) -> list[str]:
    problems = check_topics(settings_of(cluster))
    return [f"{one.topic.removeprefix(cluster.prefix)} {one.problem}" for one in problems if one.level is Level.WRONG]


def test_topics_that_were_made_have_nothing_wrong(cluster: Cluster) -> None:
    settings = settings_of(cluster)
    assert [one.level for one in check_topics(settings)] == [Level.MISSING] * len(TOPICS)
    assert create_topics(settings, partitions=3, replication=1) == [settings.real(spec.name) for spec in TOPICS]
    assert {one.level for one in check_topics(settings)} == {Level.NOTE}
    # Where nothing is to be made, it doesn't matter how many brokers there are for it.
    assert create_topics(settings, partitions=3, replication=3) == []


def test_each_fault_of_a_topic_is_named(cluster: Cluster) -> None:
    cluster.create(DIRECTORY)
    cluster.create(TICKETS, configs={"cleanup.policy": "compact", "retention.ms": "1000"})
    cluster.create(DEAD_LETTERS, configs={"max.message.bytes": "1000000"})
    faults = "\n".join(wrong(cluster))
    for text in (
        "helpdesk.directory cleanup.policy is 'delete'",
        "helpdesk.tickets cleanup.policy is 'compact'",
        "helpdesk.tickets retention.ms is 1000",
        "helpdesk.tickets message.timestamp.type",
        "tocsin.dead-letters max.message.bytes is 1000000",
    ):
        assert text in faults


def test_more_replicas_than_brokers_are_refused_in_one_line_that_says_what_to_type(cluster: Cluster) -> None:
    with pytest.raises(KafkaRefusedError) as refused:
        create_topics(settings_of(cluster), partitions=3, replication=3)
    said = str(refused.value)
    assert said.startswith("3 replicas need 3 brokers, and this cluster has ")
    assert "add --replication " in said
    assert "\n" not in said


def test_a_topic_that_is_not_there_is_named_at_once_by_whoever_appends(cluster: Cluster) -> None:
    started = time.monotonic()
    with closing(KafkaAppender(settings_of(cluster))) as appender, pytest.raises(KafkaRefusedError) as refused:
        appender.append([NewRecord(DIRECTORY, b"contract/C-7", b"{}")])
    assert time.monotonic() - started < 5
    assert f"there is no topic {cluster.prefix}{DIRECTORY}" in str(refused.value)
    assert "tocsin topics create" in str(refused.value)
