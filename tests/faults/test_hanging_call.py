"""A broker that goes in the midst of a transaction: a process that waits for too long ends, the next loses nothing."""

from __future__ import annotations

import subprocess
import sys

import pytest

from adapters.kafka.watchdog import EXIT_CODE
from schemas.log import NewRecord
from schemas.topics import JOBS, TICKETS
from tests.contract.event_log_worlds import polled
from tests.faults.engines import until
from tests.kafka.members import event_log, member
from tests.support.brokers.cluster import Cluster
from tests.support.brokers.native import NativeBroker

pytestmark = pytest.mark.kafka


def test_a_call_that_hangs_ends_the_process_and_the_next_one_goes_on(cluster: Cluster, mortal: NativeBroker) -> None:
    cluster.create(TICKETS, JOBS)
    cluster.append(NewRecord(TICKETS, b"k", value) for value in (b"one", b"two"))
    command = [sys.executable, "-m", "tests.faults.hanging_child", cluster.bootstrap, cluster.prefix]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
        assert child.stdout is not None
        try:
            # Before that it logs how its group was made.
            assert any(line == b"polled\n" for line in iter(child.stdout.readline, b""))
            # The first transaction has to have ended on the broker too, see run_with_a_dead_broker.
            until(lambda: cluster.committed("engine", TICKETS) == {0: 1})
            assert [record.value for record in cluster.read(JOBS)] == [b"first"]
            mortal.kill()
            said, _ = child.communicate(b"commit\n", timeout=30)
        finally:
            child.kill()
            mortal.start()
    assert child.returncode == EXIT_CODE
    assert b"call_hangs" in said
    assert b"send_offsets_to_transaction" in said
    with event_log(cluster, member()) as log:
        records = polled(log, 1, 30)
        assert [record.value for record in records] == [b"two"]
        log.commit(records, [NewRecord(JOBS, b"k", b"second")])
    assert [record.value for record in cluster.read(JOBS)] == [b"first", b"second"]
