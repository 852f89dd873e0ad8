"""What metrics tell of posts over real HTTP: by where they went and how they were answered, with bounded labels."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from prometheus_client import CollectorRegistry

from adapters.prometheus.http_metrics import HttpMetrics
from adapters.prometheus.intake_metrics import IntakeMetrics, UnpublishedMetrics
from adapters.web.application import application
from adapters.web.connections import Connections
from adapters.web.hooks import hooks
from adapters.web.intake import intake
from adapters.web.limits import ServerLimits
from adapters.web.serving import serving
from adapters.web.tokens import ApiToken, Tokens
from adapters.web.workers import Workers, WorkLimits
from intake.acceptance import Accepted
from intake.hooks import HookAnswer, UnknownHook
from intake.post import Post
from tests.support.engine_on_fakes import Still

NOW = datetime(2026, 3, 2, 9, 15, tzinfo=UTC)
TOKEN = "a-token-of-the-tests"


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


def shown(registry: CollectorRegistry, name: str, **labels: str) -> float | None:
    return registry.get_sample_value(f"tocsin_{name}", labels)


@contextmanager
def served(metrics: IntakeMetrics, limits: WorkLimits | None = None) -> Iterator[httpx.Client]:
    workers = Workers(limits, metrics)

    def take(name: str, post: Post) -> HookAnswer:
        return Accepted(id="E") if name == "zammad" else UnknownHook()

    parts = [
        intake(lambda _headers, _body: Accepted(2), workers),
        hooks(take, lambda _name, _query: None, Still(NOW), (), workers),
    ]
    with (
        serving(application(parts, Tokens([ApiToken.of(TOKEN)]), metrics), "127.0.0.1", 0) as port,
        httpx.Client(base_url=f"http://127.0.0.1:{port}") as client,
    ):
        yield client


def test_each_answer_counts_where_it_went_and_with_its_status(registry: CollectorRegistry) -> None:
    with served(IntakeMetrics(registry, ("accepted",), "zammad".__eq__)) as client:
        client.post("/v1/events", headers={"Authorization": f"Bearer {TOKEN}"}, content=b"{}")
        # What is refused before anything of it is read counts as well.
        client.post("/v1/events", content=b"{}")
        client.post("/v1/hooks/zammad", content=b"{}")
        client.post("/v1/hooks/zammad", content=b" " * 2_000_000)
        for number in range(60):
            client.post(f"/v1/hooks/made-up-{number}", content=b"{}")
        client.get("/v1/hooks/zammad")
    answers = {
        (one.labels["to"], one.labels["code"]): one.value
        for family in registry.collect()
        for one in family.samples
        if one.name == "tocsin_intake_answers_total"
    }
    assert answers == {
        ("events", "202"): 1,
        ("events", "401"): 1,
        ("hooks/zammad", "202"): 1,
        ("hooks/zammad", "413"): 1,
        ("hooks/other", "404"): 60,
    }
    assert shown(registry, "intake_answer_seconds_count", to="hooks/zammad") == 2


def test_no_name_that_anybody_made_up_becomes_a_label(registry: CollectorRegistry) -> None:
    metrics = IntakeMetrics(registry, ("accepted",), lambda name: name.startswith("own"))
    for number in range(200):
        metrics.posted(f"hooks/own-{number}", "accepted", 1)
        metrics.posted(f"hooks/{number}", "accepted", 1)
    names = {
        one.labels["to"] for family in registry.collect() for one in family.samples if one.name.endswith("posts_total")
    }
    assert len(names) == 52  # fifty hooks, events, and the others
    assert shown(registry, "intake_posts_total", to="hooks/other", became="accepted") == 350


def test_work_that_is_turned_away_counts(registry: CollectorRegistry) -> None:
    with served(IntakeMetrics(registry, ("accepted",), "zammad".__eq__), WorkLimits(calls=0)) as client:
        assert client.post("/v1/hooks/zammad", content=b"{}").status_code == 503
    assert shown(registry, "intake_work_refused_total", why="overloaded") == 1
    assert shown(registry, "intake_work_refused_total", why="too_slow") == 0
    assert shown(registry, "intake_answers_total", to="hooks/zammad", code="503") == 1


def test_what_waits_for_the_log_is_shown_with_its_age(registry: CollectorRegistry) -> None:
    metrics = UnpublishedMetrics(registry)
    metrics.show(3, datetime(2026, 3, 2, 9, 14, tzinfo=UTC), NOW)
    assert (shown(registry, "intake_unpublished_events"), shown(registry, "intake_unpublished_seconds")) == (3, 60)
    metrics.show(0, None, NOW)
    assert (shown(registry, "intake_unpublished_events"), shown(registry, "intake_unpublished_seconds")) == (0, 0)


class One:
    """A connection, as far as it is counted."""

    address = "192.0.2.1"

    def abort(self) -> None:
        """It is ended."""


def test_connections_that_there_is_no_room_for_count(registry: CollectorRegistry) -> None:
    connections = Connections(ServerLimits(connections=1), HttpMetrics(registry))
    first: Any = One()
    assert connections.opened(first, 0.0)
    connections.works(first)
    assert not connections.opened(One(), 0.0)
    assert shown(registry, "http_connections_turned_away_total", how="refused") == 1
    connections.waits(first)
    assert connections.opened(One(), 0.0)
    assert shown(registry, "http_connections_turned_away_total", how="ended") == 1
