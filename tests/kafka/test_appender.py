"""Records that are appended outside of a transaction: one that is refused is no hindrance to those that come later."""

from __future__ import annotations

from contextlib import closing

import pytest

from adapters.kafka.appender import KafkaAppender
from adapters.kafka.errors import KafkaRefusedError
from schemas.log import NewRecord
from schemas.topics import OUTCOMES
from tests.kafka.members import settings_of
from tests.support.brokers.cluster import Cluster

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(120)]


def test_after_a_record_that_the_topic_does_not_take_it_goes_on(cluster: Cluster) -> None:
    cluster.create(OUTCOMES, configs={"max.message.bytes": "2000"})

    def record(value: bytes) -> NewRecord:
        return NewRecord(OUTCOMES, b"k", value)

    with closing(KafkaAppender(settings_of(cluster))) as appender:
        appender.append([record(b"first")])
        for _ in range(2):
            with pytest.raises(KafkaRefusedError, match="MessageSizeTooLarge"):
                appender.append([record(bytes(5_000))])
            appender.append([record(b"behind it")])
        # Among others, it is the only one that is not there.
        with pytest.raises(KafkaRefusedError):
            appender.append([record(b"before"), record(bytes(5_000))])
        appender.append([record(b"last")])
    values = [one.value for one in cluster.read(OUTCOMES)]
    assert [value for value in values if value != b"before"] == [b"first", b"behind it", b"behind it", b"last"]
