"""What the CloudEvents libraries write is decided by the engine on a real broker, and what it can't read is named."""

from __future__ import annotations

from contextlib import closing

import msgspec
import pytest

from adapters.kafka.event_log import KafkaEventLog
from adapters.kafka.settings import KafkaSettings, Membership
from engine.consumer import Batch, Consumer
from engine.ports import RulesInForce
from engine.stages.s4_rule_matching import ReferenceMatcher
from schemas.decision import DecisionRecord
from schemas.log import NewRecord
from schemas.topics import DEAD_LETTERS, DECISIONS, JOBS, TICKETS
from tests.support.brokers.cluster import Cluster
from tests.support.engine_on_fakes import Still
from tests.support.helpdesk.events import NOW, Helpdesk, default_rules
from tests.wire.written import WRITTEN, is_refused

pytestmark = pytest.mark.kafka


def test_each_is_decided_or_a_dead_letter(cluster: Cluster) -> None:
    cluster.create(TICKETS, JOBS, DECISIONS, DEAD_LETTERS)
    # kafkajs writes a header that has no value; kafka-python can't, and to a reader both are the same.
    cluster.append(
        NewRecord(TICKETS, b"T-1042", one.value.encode(), tuple(one.headers_of().items())) for one in WRITTEN
    )
    settings = KafkaSettings((cluster.bootstrap,), cluster.prefix)
    desk = Helpdesk()
    desk.contact("ct-1", "contract/C-7")
    rules = RulesInForce(default_rules(), ReferenceMatcher())
    with closing(KafkaEventLog(settings, Membership("engine", "one"))) as log:
        consumer = Consumer(log, Still(desk.directory()), Still(rules), Still(NOW))
        batches: list[Batch] = []
        while sum(batch.records for batch in batches) < len(WRITTEN):
            batches.append(consumer.step(20))
    decided = [msgspec.json.decode(one.value or b"", type=DecisionRecord) for one in cluster.read(DECISIONS)]
    good = [one for one in WRITTEN if not is_refused(one)]
    assert len(decided) == len(good)
    assert {tuple(one.triggers) for one in decided} == {("opened",)}
    assert len(cluster.read(JOBS)) == len(good)
    assert len(cluster.read(DEAD_LETTERS)) == len(WRITTEN) - len(good)
