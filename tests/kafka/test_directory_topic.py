"""The directory out of its topic: complete at first, up to date whenever it is asked for."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from typing import Any

import pytest

from adapters.kafka.directory_topic import DirectoryTopic, unreadable_on
from adapters.kafka.errors import KafkaRefusedError, KafkaUnavailableError
from adapters.kafka.record_names import name_of
from adapters.kafka.topic_reader import TopicReader
from schemas.log import NewRecord
from schemas.refusal import RefusedError
from schemas.topics import DIRECTORY, SUPPRESSIONS
from tests.kafka.members import settings_of
from tests.support.brokers.cluster import Cluster
from tests.support.brokers.native import NativeBroker
from tocsin.services.lifecycle.stopping import Stop, StoppedError

pytestmark = pytest.mark.kafka


def site(number: int, **fields: Any) -> NewRecord:
    return record({"kind": "site", "id": f"S-{number}", "name": f"Site {number}", **fields})


def record(fields: dict[str, Any], topic: str = DIRECTORY, key: str | None = None) -> NewRecord:
    name = key or f"{fields['kind']}/{fields['id']}"
    return NewRecord(topic, name.encode(), json.dumps(fields).encode())


@pytest.fixture
def topics(cluster: Cluster) -> Cluster:
    cluster.create(DIRECTORY, partitions=3, configs={"cleanup.policy": "compact"})
    cluster.create(SUPPRESSIONS, configs={"cleanup.policy": "compact"})
    return cluster


@pytest.fixture
def source(topics: Cluster) -> Iterator[DirectoryTopic]:
    with closing(DirectoryTopic(settings_of(topics))) as made:
        yield made


def test_it_is_complete_before_it_is_first_used(topics: Cluster, source: DirectoryTopic) -> None:
    topics.append(site(number) for number in range(2_000))
    assert len(source.current()) == 2_000


def test_a_change_is_known_at_once(topics: Cluster, source: DirectoryTopic) -> None:
    assert len(source.current()) == 0
    for number in range(20):
        topics.append([site(number)])
        assert source.current().knows("site", f"S-{number}")


def test_a_tombstone_removes(topics: Cluster, source: DirectoryTopic) -> None:
    topics.append([site(1), site(2)])
    source.current()
    topics.append([NewRecord(DIRECTORY, b"site/S-1", None), NewRecord(DIRECTORY, b"site/S-9", None)])
    directory = source.current()
    assert (directory.knows("site", "S-1"), directory.knows("site", "S-2")) == (False, True)


def test_a_record_that_cannot_be_read_is_neither_absent_nor_its_older_self(
    topics: Cluster, source: DirectoryTopic
) -> None:
    topics.append([site(number) for number in range(5)])
    source.current()
    topics.append([NewRecord(DIRECTORY, b"site/S-1", b"\xff"), record({"kind": "site", "id": "other"}, key="site/S-2")])
    topics.append([NewRecord(DIRECTORY, b"site/S-3", b"{}"), NewRecord(DIRECTORY, b"nonsense", b"{}")])
    lost = ["site/S-1", "site/S-2", "site/S-3"]
    assert (len(source.current()), [*source.current().unreadable()]) == (2, lost)
    with closing(DirectoryTopic(settings_of(topics))) as restarted:
        assert (len(restarted.current()), sorted(restarted.current().unreadable())) == (2, lost)
        assert sum(restarted.problems.values()) == 4
        topics.append([site(1), NewRecord(DIRECTORY, b"site/S-2", None)])
        assert (len(restarted.current()), [*restarted.current().unreadable()]) == (3, ["site/S-3"])


def test_a_record_without_a_name_is_told_until_its_key_is_removed(topics: Cluster, source: DirectoryTopic) -> None:
    topics.append([site(1), record({"kind": "site", "id": "S-1"}, key="S-1"), record({"kind": "house", "id": "1"})])
    assert (len(source.current()), source.unnamed) == (1, 2)
    assert [(one.record, one.code) for one in unreadable_on(settings_of(topics))] == [("", "bad_key")] * 2
    with closing(DirectoryTopic(settings_of(topics))) as restarted:
        restarted.current()
        assert restarted.unnamed == 2
    topics.append([NewRecord(DIRECTORY, key, None) for key in (b"S-1", b"house/1")])
    assert (len(source.current()), source.unnamed, unreadable_on(settings_of(topics))) == (1, 0, [])


def test_suppressions_come_from_both_topics(topics: Cluster, source: DirectoryTopic) -> None:
    one = {"kind": "suppression", "id": "email/a@x.example", "channel": "email", "address": "a@x.example"}
    topics.append([record(one), record(one | {"id": "email/b@x.example"}, SUPPRESSIONS)])
    topics.append([site(1), NewRecord(SUPPRESSIONS, b"site/S-1", None)])
    assert source.current().counts()["suppression"] == 2
    assert source.current().knows("site", "S-1"), "the sender's topic must not remove anything else"
    topics.append([NewRecord(SUPPRESSIONS, b"suppression/email/b@x.example", None)])
    assert source.current().counts()["suppression"] == 1


def test_the_end_is_reached_behind_what_was_aborted(topics: Cluster, source: DirectoryTopic) -> None:
    topics.append([site(1)])
    with topics.aborted([site(2)]):
        topics.append([site(3)])
    # A broker says that the transaction is aborted before it has marked it so on every partition.
    topics.read(DIRECTORY)
    directory = source.current()
    assert [directory.knows("site", f"S-{number}") for number in (1, 2, 3)] == [True, False, True]


def test_partitions_that_are_added_are_read_and_nothing_is_read_twice(topics: Cluster) -> None:
    topics.append([site(1)])
    with closing(TopicReader(settings_of(topics), [DIRECTORY], timedelta(milliseconds=200))) as reader:
        keys = [found.key for found in reader.read_to_end()]
        with topics.admin() as admin:
            admin.create_partitions({topics.prefix + DIRECTORY: 5})
        with Cluster(topics.bootstrap, topics.prefix) as later:
            later.append([site(2)], partition=4)
        deadline = time.monotonic() + 20
        while len(keys) < 2 and time.monotonic() < deadline:
            keys += [found.key for found in reader.read_to_end()]
    assert keys == [b"site/S-1", b"site/S-2"]


def test_a_broker_that_was_away_costs_nothing(topics: Cluster, source: DirectoryTopic, mortal: NativeBroker) -> None:
    topics.append([site(1)])
    source.current()
    mortal.kill()
    mortal.start()
    topics.append([site(2)])
    assert len(source.current()) == 2


def test_a_partition_without_a_leader_is_an_outage(topics: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    topics.append([site(1)])
    with closing(TopicReader(settings_of(topics), [DIRECTORY])) as reader:
        asked = reader._consumer.end_offsets

        def leaves_it_out(partitions: list[Any], timeout_ms: int) -> dict[Any, int]:
            assert timeout_ms
            raise KeyError(partitions[0])

        monkeypatch.setattr(reader._consumer, "end_offsets", leaves_it_out)
        with pytest.raises(KafkaUnavailableError, match="no leader"):
            list(reader.read_to_end())
        monkeypatch.setattr(reader._consumer, "end_offsets", asked)
        assert [found.key for found in reader.read_to_end()] == [b"site/S-1"]


def test_a_topic_that_is_not_there_is_named(cluster: Cluster) -> None:
    with (
        closing(DirectoryTopic(settings_of(cluster))) as source,
        pytest.raises(KafkaRefusedError, match="topics create"),
    ):
        source.current()


@pytest.mark.parametrize("key", [None, b"", b"site", b"site/", b"house/1", b"\xff/1", b"site/" + b"x" * 300])
def test_a_key_that_names_nothing_is_refused(key: bytes | None) -> None:
    with pytest.raises(RefusedError):
        name_of(key)


def test_a_long_load_can_be_interrupted_and_goes_on_from_there(
    topics: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.kafka.topic_reader.RECORDS_AT_ONCE", 100)
    topics.append(site(number) for number in range(1_000))
    polls: list[int] = []

    def between() -> None:
        polls.append(1)
        if len(polls) == 3:
            raise StoppedError

    with closing(DirectoryTopic(settings_of(topics), between)) as source:
        with pytest.raises(StoppedError):
            source.current()
        assert 0 < source.records < 1_000
        assert len(source.current()) == 1_000


def test_what_is_read_in_one_poll_is_not_interrupted(topics: Cluster) -> None:
    topics.append([site(1)])
    stop = Stop()
    stop.request("SIGTERM")
    with closing(DirectoryTopic(settings_of(topics), stop.check)) as source:
        assert len(source.current()) == 1


def test_a_stop_ends_the_look_at_a_broker_that_hangs(lone_cluster: Cluster, lone: NativeBroker) -> None:
    """An idle engine has nothing under way then: its deadline of 25 s must not cut it."""
    for topic in (DIRECTORY, SUPPRESSIONS):
        lone_cluster.create(topic)
    stop = Stop()
    with closing(DirectoryTopic(settings_of(lone_cluster), stop.check)) as source:
        source.current()
        lone.pause()
        started = time.monotonic()
        try:
            stop.request("SIGTERM")
            with pytest.raises(StoppedError):
                source.current()
        finally:
            lone.resume()
        assert time.monotonic() - started < 15
