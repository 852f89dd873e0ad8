"""Commits one record, polls another, says so, and commits that once it is told to.

Usage: python -m tests.faults.hanging_child BOOTSTRAP PREFIX
"""

from __future__ import annotations

import sys
from datetime import timedelta

from adapters.kafka.event_log import KafkaEventLog
from adapters.kafka.settings import KafkaSettings, Membership
from schemas.log import NewRecord
from schemas.topics import JOBS

if __name__ == "__main__":
    settings = KafkaSettings((sys.argv[1],), sys.argv[2])
    limits = {"transaction": timedelta(seconds=2), "call_limit": timedelta(seconds=3)}
    event_log = KafkaEventLog(settings, Membership("engine", "one", **limits))
    # The first, so that the broker of each topic is known, and there is nothing left to ask but for the transaction.
    event_log.commit(event_log.poll(1, 30.0), [NewRecord(JOBS, b"k", b"first")])
    records = event_log.poll(1, 30.0)
    sys.stdout.write("polled\n")
    sys.stdout.flush()
    sys.stdin.readline()
    # Without outputs the first request is that about the offsets, which has no limit of its own.
    event_log.commit(records, [])
