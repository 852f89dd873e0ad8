"""Kafka or PostgreSQL hang, keep their connections and say nothing: a post is answered in time, and nothing is lost."""

from __future__ import annotations

import json
import time
from typing import Any

import httpx
import pytest

from schemas.topics import TICKETS
from tests.support.brokers.cluster import Cluster
from tests.support.brokers.native import NativeBroker
from tests.support.databases.proxy import Proxy
from tests.support.helpdesk.files import created
from tests.support.intake.service import OF_EVENTS, OF_HOOKS, Intake, topics_of_the_intake

pytestmark = [pytest.mark.slow, pytest.mark.kafka, pytest.mark.postgres, pytest.mark.timeout(300)]

IN_TIME = 5.5
"""Seconds: five, as helpdesks wait, and some slack of a busy machine."""


def save(client: httpx.Client, number: int) -> tuple[int, float]:
    told: dict[str, Any] = {"id": "T-1", "status": f"s{number}", "delivery": f"d{number}"}
    return timed(client, "/v1/hooks/generic", OF_HOOKS, told)


def event(client: httpx.Client, number: int) -> tuple[int, float]:
    return timed(client, "/v1/events", OF_EVENTS, created(number))


def timed(client: httpx.Client, path: str, headers: dict[str, str], body: Any) -> tuple[int, float]:
    since = time.monotonic()
    status = client.post(path, headers=headers, json=body).status_code
    return status, time.monotonic() - since


def test_kafka_hangs(lone: NativeBroker, lone_cluster: Cluster, postgres_url: str) -> None:
    topics_of_the_intake(lone_cluster)
    intake = Intake(lone_cluster, postgres_url)
    with intake.running() as client:
        assert (save(client, 0)[0], event(client, 1)[0]) == (202, 202)
        lone.pause()
        for post in (save, event):
            status, seconds = post(client, 2)
            assert (status, seconds < IN_TIME) == (503, True), seconds
        assert client.get("/livez").status_code == 200
        intake.wait_until(lambda: client.get("/readyz").status_code == 503)
        lone.resume()
        intake.wait_until(lambda: save(client, 2)[0] == 202)
        intake.wait_until(lambda: event(client, 2)[0] == 202)
        intake.wait_until(lambda: client.get("/readyz").status_code == 200)
        lone.pause()
        assert save(client, 3)[0] == 503
        intake.signal()
        assert intake.ended() == 0
        lone.resume()
    with intake.running():
        # What was kept while Kafka hung is published by the next one, without another post.
        intake.wait_until(lambda: "s3" in statuses(lone_cluster))
    assert list(dict.fromkeys(statuses(lone_cluster))) == ["s0", "s2", "s3"]


def statuses(cluster: Cluster) -> list[str]:
    events = [json.loads(one.value or b"") for one in cluster.read(TICKETS)]
    return [one["data"]["ticket"]["status"] for one in events if one["source"] == "/generic"]


def test_the_database_hangs(cluster: Cluster, postgres_url: str) -> None:
    topics_of_the_intake(cluster)
    head, _, rest = postgres_url.rpartition("@127.0.0.1:")
    port, _, name = rest.partition("/")
    with Proxy(int(port)) as proxy:
        intake = Intake(cluster, f"{head}@127.0.0.1:{proxy.port}/{name}")
        with intake.running() as client:
            assert save(client, 0)[0] == 202
            proxy.swallow()
            status, seconds = save(client, 1)
            assert (status, seconds < IN_TIME) == (503, True), seconds
            # Events need no database.
            assert event(client, 1)[0] == 202
            proxy.go_on()
            intake.wait_until(lambda: save(client, 1)[0] == 202)
            assert save(client, 2)[0] == 202
            assert list(dict.fromkeys(statuses(cluster))) == ["s0", "s1", "s2"]
            proxy.swallow()
            assert save(client, 3)[0] == 503
            intake.signal()
            assert intake.ended() == 0
            proxy.go_on()
