"""The lines of `tocsin engine` and `tocsin sender`: one event's course through both, and nothing private."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapters.kafka.topics import create_topics
from schemas.log import NewRecord
from schemas.topics import DEAD_LETTERS, JOBS, OUTCOMES, TICKETS
from tests.faults.engines import directory_record, until
from tests.kafka.members import settings_of
from tests.logs.recognisable import DEAD, PRIVATE, SENT, course, desk, events, read_lines, relay, running, sending
from tests.support.brokers.cluster import Cluster

pytestmark = pytest.mark.kafka


def test_an_event_is_followed_by_its_id_through_engine_and_sender(cluster: Cluster, tmp_path: Path) -> None:
    create_topics(settings_of(cluster), partitions=2, replication=1)
    cluster.append(directory_record(record) for record in desk().records.values())
    cluster.append(NewRecord(TICKETS, b"fine@zeta.example", value) for value in events().values())
    cluster.append([NewRecord(JOBS, b"k", b'{"id":"J-bad","address":"fine@zeta.example"}')])
    on = ["--kafka", cluster.bootstrap, "--prefix", cluster.prefix]
    with (
        relay() as port,
        running(tmp_path, "engine", "--instance", "one", *on) as engine_log,
        running(tmp_path, "sender", "--data", str(tmp_path / "data"), *on, *sending(port)) as sender_log,
    ):
        # Malformed events, unknown contract, crash, garbage; and the record that is no job.
        until(lambda: len(cluster.read(DEAD_LETTERS)) == len(DEAD) + 2, 90)
        until(lambda: sum(b'"delivered"' in (one.value or b"") for one in cluster.read(OUTCOMES)) == 4, 90)
        until(lambda: sum(b'"refused"' in (one.value or b"") for one in cluster.read(OUTCOMES)) == 2, 90)
    engine_text, sender_text = engine_log.read_text(), sender_log.read_text()
    assert PRIVATE.search(engine_text + sender_text) is None
    engine_lines, sender_lines = read_lines(engine_text), read_lines(sender_text)
    for event in SENT:
        assert course(engine_lines, event) == [("decided", "5")]
        taken = [step for step in course(sender_lines, event) if step[0] == "job_taken_in"]
        assert taken == [("job_taken_in", "accepted")] * 5
    assert {("job_changed", "delivered"), ("job_changed", "refused")} <= set(course(sender_lines, "E-1"))
    for event in DEAD:
        assert course(engine_lines, event)[-1][0] == "dead_lettered"
    (no_job,) = [line for line in sender_lines if line["event"] == "dead_lettered"]
    assert (no_job["job_id"], no_job["topic"], no_job["offset"] >= 0) == ("J-bad", JOBS, True)
    decided = next(line for line in engine_lines if line.get("event_id") == "E-1")
    assert (decided["topic"], decided["ticket_id"], decided["triggers"]) == (TICKETS, "T-1", ["opened"])
