"""What a running engine shows of itself to Prometheus and to probes."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from prometheus_client.parser import text_string_to_metric_families

from schemas.log import NewRecord
from schemas.topics import TICKETS
from tests.faults.engines import GROUP, Desk, until
from tests.kafka.members import member, settings_of
from tests.support.brokers.cluster import Cluster
from tocsin.services.engine import engine_service
from tocsin.services.lifecycle.stopping import Stop
from tocsin.services.monitoring.engine import EngineMonitor

pytestmark = pytest.mark.kafka


def ask(port: int, path: str) -> tuple[int, str]:
    try:
        with urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
            return answer.status, answer.read().decode()
    except HTTPError as error:
        return error.code, error.read().decode()


def samples(port: int) -> dict[str, float]:
    """Every sample of a scrape, by its name and the values of its labels."""
    families = text_string_to_metric_families(ask(port, "/metrics")[1])
    found = [sample for family in families for sample in family.samples]
    return {" ".join((one.name, *(value for _, value in sorted(one.labels.items())))): one.value for one in found}


@contextmanager
def running(cluster: Cluster, monitor: EngineMonitor) -> Iterator[None]:
    settings, stop = settings_of(cluster), Stop()
    with engine_service(settings, member("one", GROUP), None, monitor=monitor) as service:
        thread = threading.Thread(target=service.run, args=(stop,))
        thread.start()
        try:
            yield
        finally:
            stop.request("the test is over")
            thread.join()


def test_an_engine_shows_what_it_does_and_when_it_is_ready(cluster: Cluster) -> None:
    desk, monitor = Desk(cluster), EngineMonitor("one")
    with monitor.shown(("127.0.0.1", 0), settings_of(cluster), GROUP) as port:
        status, words = ask(port, "/readyz")
        assert status == 503
        assert words == "directory: not complete yet\ngroup: not joined yet\nrules: none yet\n"
        with running(cluster, monitor):
            desk.emit(10)
            cluster.append([NewRecord(TICKETS, b"k", b"rubbish")])
            desk.wait()
            until(lambda: ask(port, "/readyz") == (200, "ok\n"))
            until(lambda: samples(port)["tocsin_events_total"] == 10)
            seen = samples(port)
            assert seen["tocsin_event_triggers_total opened"] == 10
            assert seen["tocsin_jobs_decided_total email opened"] == 30
            assert seen["tocsin_jobs_decided_total fax closed"] == 0
            assert seen["tocsin_dead_letters_total not_json"] == 1
            assert seen["tocsin_transactions_total committed"] >= 1
            assert seen["tocsin_transactions_total not_committed"] == 0
            assert seen["tocsin_directory_records"] > 3
            assert seen["tocsin_decision_delay_seconds_count"] == 10
            until(lambda: samples(port).get(f"tocsin_partitions_assigned {TICKETS}", 0) == 4)
            lags = {name: value for name, value in samples(port).items() if name.startswith("tocsin_lag_records ")}
            assert lags == dict.fromkeys((f"tocsin_lag_records {one} {TICKETS}" for one in range(4)), 0.0)
