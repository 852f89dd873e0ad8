"""The session that a member asks for, as brokers take it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from adapters.kafka.errors import KafkaRefusedError
from adapters.kafka.event_log import KafkaEventLog
from adapters.kafka.settings import Membership
from schemas.topics import TICKETS
from tests.kafka.members import GROUP, event_log
from tests.support.brokers.cluster import Cluster

pytestmark = pytest.mark.kafka


@pytest.mark.parametrize("seconds", [0.5, 7_200], ids=["too short", "too long"])
def test_one_that_brokers_do_not_allow_is_refused_by_the_name_of_its_setting(cluster: Cluster, seconds: float) -> None:
    cluster.create(TICKETS)
    with (
        event_log(cluster, Membership(GROUP, "one", timedelta(seconds=seconds))) as log,
        pytest.raises(KafkaRefusedError, match=r"kafka\.session.*group\.min\.session\.timeout\.ms"),
    ):
        poll_for_a_while(log)


def poll_for_a_while(log: KafkaEventLog) -> None:
    for _ in range(60):
        log.poll(10, 0.5)
