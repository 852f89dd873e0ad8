"""Outcomes of senders on Kafka: each message is told, by whichever sender; one that is killed is stood in for."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from adapters.kafka.topics import create_topics
from tests.acceptance.test_kafka_sender import Sender, desk, jobs
from tests.acceptance.test_outcomes import jobs_told, write_endpoints
from tests.faults.engines import directory_record, until
from tests.kafka.members import settings_of
from tests.support.brokers.cluster import Cluster
from tests.support.http.receivers import SECRET, Answering, Receiver, receiving
from tests.support.mail.mailbox_thread import mailbox_in

pytestmark = [pytest.mark.kafka, pytest.mark.alone, pytest.mark.timeout(400)]

JOBS = 20


def test_a_sender_tells_of_each_message(cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOCSIN_OUTCOMES_SECRETS", f"desk={SECRET}")
    create_topics(settings_of(cluster), partitions=1, replication=1)
    cluster.append(directory_record(record) for record in desk().records.values())
    with mailbox_in(tmp_path / "mail") as port, receiving(Receiver([Answering(500)])) as receiver:
        sender = Sender(cluster, tmp_path / "one", port, "--outcomes", str(write_endpoints(tmp_path, receiver)))
        cluster.append(jobs(range(JOBS)))
        with sender.running(signal.SIGTERM):
            until(lambda: len(receiver.received) == JOBS + 1, 150)
    assert len(set(receiver.ids())) == len(jobs_told(receiver)) == JOBS
    assert "acme.example" not in sender.said()


@pytest.mark.slow
@pytest.mark.postgres
def test_two_senders_tell_of_each_message_though_one_is_killed(
    cluster: Cluster, postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOCSIN_OUTCOMES_SECRETS", f"desk={SECRET}")
    create_topics(settings_of(cluster), partitions=2, replication=1)
    cluster.append(directory_record(record) for record in desk().records.values())
    with mailbox_in(tmp_path / "mail") as port, receiving(Receiver([Answering(500)] * 2)) as receiver:
        # What was being handed over at the kill is unknown: it is tried again half an hour later.
        endpoints = write_endpoints(tmp_path, receiver, "  states: [delivered, failed, unknown]\n")
        more = ("--ledger", postgres_url, "--outcomes", str(endpoints))
        one, two = (Sender(cluster, tmp_path / name, port, "--instance", name, *more) for name in ("one", "two"))
        cluster.append(jobs(range(JOBS)))
        with two.running(signal.SIGTERM):
            with one.running(signal.SIGKILL):
                until(lambda: len(jobs_told(receiver)) > 3, 150)
            cluster.append(jobs(range(JOBS, 2 * JOBS)))
            until(lambda: len(jobs_told(receiver)) == 2 * JOBS, 150)
    told = {(one.body["data"]["job"]["id"], one.body["data"]["job"]["sequence"]) for one in receiver.received}
    assert len(told) == len(set(receiver.ids()))
    assert "acme.example" not in one.said() + two.said()
