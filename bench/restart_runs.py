"""The yardstick of the benchmark `restart`: a raw pass-through that is a member of a group until it is told to stop.

`python -m bench.restart_runs --kafka BOOTSTRAP --prefix PREFIX --group GROUP --instance NAME`. For each event it writes
the event's id as a decision, in a transaction with its position.
"""

from __future__ import annotations

import argparse
import json
import signal
import threading
from typing import Any

from kafka import KafkaConsumer, KafkaProducer, OffsetAndMetadata
from kafka.coordinator.assignors.cooperative_sticky import CooperativeStickyAssignor

from schemas.topics import DECISIONS, TICKETS


def pass_through() -> None:
    """Work until SIGTERM; then leave the group, as a member does that is not static."""
    parser = argparse.ArgumentParser()
    for option in ("--kafka", "--prefix", "--group", "--instance"):
        parser.add_argument(option, required=True)
    given = parser.parse_args()
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    consumer = KafkaConsumer(
        given.prefix + TICKETS,
        bootstrap_servers=given.kafka,
        group_id=given.prefix + given.group,
        partition_assignment_strategy=[CooperativeStickyAssignor],
        isolation_level="read_committed",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    )
    producer = KafkaProducer(bootstrap_servers=given.kafka, transactional_id=f"{given.prefix}{given.instance}")
    producer.init_transactions()
    print(json.dumps({"event": "up"}), flush=True)
    while not stop.is_set():
        _pass_on(consumer, producer, given.prefix + DECISIONS)
    producer.close()
    consumer.close()


def _pass_on(consumer: Any, producer: Any, topic: str) -> None:
    polled = consumer.poll(timeout_ms=500)
    if not polled:
        return
    producer.begin_transaction()
    for record in (one for records in polled.values() for one in records):
        producer.send(topic, json.dumps({"event": json.loads(record.value)["id"]}).encode(), record.key)
    offsets = {partition: OffsetAndMetadata(records[-1].offset + 1) for partition, records in polled.items()}
    producer.send_offsets_to_transaction(offsets, consumer.group_metadata())
    producer.commit_transaction()


if __name__ == "__main__":
    pass_through()
