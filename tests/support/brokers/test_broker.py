"""The broker of the tests keeps what the other tests build on."""

from __future__ import annotations

from contextlib import closing

import pytest
from kafka import KafkaProducer

from schemas.log import NewRecord
from tests.support.brokers.cluster import Cluster
from tests.support.brokers.native import NativeBroker

pytestmark = pytest.mark.kafka


def test_a_reader_of_committed_records_does_not_see_what_was_aborted(cluster: Cluster) -> None:
    cluster.create("topic")
    producer = KafkaProducer(bootstrap_servers=cluster.bootstrap, transactional_id=cluster.prefix + "one")
    with closing(producer):
        producer.init_transactions()
        for value, end in ((b"kept", producer.commit_transaction), (b"dropped", producer.abort_transaction)):
            producer.begin_transaction()
            producer.send(cluster.prefix + "topic", value)
            producer.flush()
            end()
    assert [record.value for record in cluster.read("topic")] == [b"kept"]
    assert [record.value for record in cluster.read("topic", committed=False)] == [b"kept", b"dropped"]


def test_what_was_acknowledged_is_there_after_a_kill(cluster: Cluster, mortal: NativeBroker) -> None:
    cluster.create("topic")
    cluster.append([NewRecord("topic", b"k", b"one")])
    mortal.kill()
    mortal.start()
    assert [record.value for record in cluster.read("topic")] == [b"one"]
