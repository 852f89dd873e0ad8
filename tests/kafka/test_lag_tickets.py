"""`tocsin lag --tickets` on a real broker: what waits for engine and sender, and nothing else."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from typer.testing import CliRunner

from adapters.kafka.topics import create_topics
from adapters.kafka.waiting_reader import Stretch, WaitingReader
from schemas.log import NewRecord
from schemas.topics import JOBS, TICKETS
from tests.kafka.members import event_log, member, settings_of
from tests.support.brokers.cluster import Cluster
from tests.support.helpdesk.files import created
from tocsin.cli.app import app
from tocsin.config.groups import ENGINE_GROUP

pytestmark = pytest.mark.kafka
WAIT = 20.0
LONG = timedelta(seconds=30)


def event(number: int) -> NewRecord:
    return NewRecord(TICKETS, b"T-%d" % number, json.dumps(created(number)).encode())


def looked(cluster: Cluster, *options: str) -> list[dict[str, Any]]:
    variables = {"TOCSIN_KAFKA": cluster.bootstrap, "TOCSIN_KAFKA_PREFIX": cluster.prefix}
    command = ["lag", "--tickets", "--json", "--window", "1", *options]
    return [json.loads(line) for line in CliRunner().invoke(app, command, env=variables).stdout.splitlines()]


def test_the_tickets_that_wait_are_named_with_place_and_age(cluster: Cluster) -> None:
    create_topics(settings_of(cluster), partitions=2, replication=1)
    for number in range(6):
        cluster.append([event(number)], number % 2)
    with event_log(cluster, member(group=ENGINE_GROUP)) as log:
        log.commit(log.poll(1, WAIT), [])
    cluster.append([event(2)], 0)
    with cluster.aborted([event(7)]):
        pass
    job = json.dumps({"id": "j", "ticket": "T-9"}).encode()
    cluster.append([NewRecord(JOBS, b"T-9", job)])
    engine, sender = looked(cluster)
    waiting = engine["waiting"]
    done = {part["partition"]: part["committed"] or 0 for part in engine["partitions"]}
    expected = {f"T-{number}" for number in range(6) if number // 2 >= done[number % 2]}
    assert {one["ticket"] for one in waiting["tickets"]} == expected
    assert len(expected) == 5
    places = {one["ticket"]: (one["partition"], one["offset"], one["records"]) for one in waiting["tickets"]}
    assert places["T-5"] == (1, 2, 1)
    assert places["T-2"] == (0, 1, 2)
    came = [one["came"] for one in waiting["tickets"]]
    assert came == sorted(came)
    assert all(one["seconds"] > 0 for one in waiting["tickets"])
    # What was aborted waits for nobody.
    assert (waiting["more_tickets"], waiting["more_records"], waiting["is_whole"]) == (0, 0, True)
    assert [(one["ticket"], one["contract"]) for one in sender["waiting"]["tickets"]] == [("T-9", None)]
    engine, _ = looked(cluster, "--limit", "2")
    assert [one["came"] for one in engine["waiting"]["tickets"]] == came[:2]
    assert engine["waiting"]["more_tickets"] == 3


def test_no_more_is_read_and_no_longer_than_told(cluster: Cluster) -> None:
    cluster.create(TICKETS, partitions=2)
    for partition in range(2):
        cluster.append([NewRecord(TICKETS, b"k", b"%d" % number) for number in range(30)], partition)
    whole = [Stretch(0, 10, 30), Stretch(1, None, 30)]
    reader = WaitingReader(settings_of(cluster), TICKETS, whole, 100, LONG)
    assert [record.offset for record in reader.records() if record.partition == 0] == [*range(10, 30)]
    assert reader.is_whole
    bounded = WaitingReader(settings_of(cluster), TICKETS, whole, 5, LONG)
    read = [(record.partition, record.offset) for record in bounded.records()]
    assert sorted(read) == [*((0, one) for one in range(10, 15)), *((1, one) for one in range(5))]
    assert not bounded.is_whole
    beyond = WaitingReader(settings_of(cluster), TICKETS, [Stretch(0, 30, 40)], 5, timedelta(seconds=1))
    assert [*beyond.records()] == []
    assert not beyond.is_whole
    nothing = WaitingReader(settings_of(cluster), TICKETS, [Stretch(0, 30, 30)], 5, LONG)
    assert [*nothing.records()] == []
    assert nothing.is_whole
