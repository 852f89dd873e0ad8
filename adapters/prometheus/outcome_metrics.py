"""Metrics of what is posted to helpdesks, by endpoint."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, Gauge

from adapters.prometheus.bounded import BoundedLabel
from outcomes.ports import Disabled, Standing
from outcomes.retries import Answer

_GIVEN_UP = "given_up"


class OutcomeMetrics:
    """The metrics of posts on one registry. Several senders on one ledger show the same gauges."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._names = BoundedLabel()
        self._seen: set[str] = set()
        self._results = Counter(
            "tocsin_outcome_posts",
            "Tries of posts to helpdesks by how they ended, and posts that were given up.",
            ["endpoint", "result"],
            registry=registry,
        )
        self._waiting = Gauge(
            "tocsin_outcome_posts_waiting", "Posts that are still to be taken.", ["endpoint"], registry=registry
        )
        self._oldest = Gauge(
            "tocsin_outcome_posts_oldest_seconds",
            "How long the oldest of them has waited; 0 where there is none.",
            ["endpoint"],
            registry=registry,
        )
        self._given_up = Gauge(
            "tocsin_outcome_posts_given_up",
            "Posts that were given up, and are still kept to be sent again.",
            ["endpoint"],
            registry=registry,
        )
        self._disabled = Gauge(
            "tocsin_outcome_endpoint_disabled",
            "1 where an endpoint has said that it wants no posts any more (410).",
            ["endpoint"],
            registry=registry,
        )

    def answered(self, endpoint: str, answer: Answer) -> None:
        """An endpoint answered, or not."""
        self._results.labels(self._names.of(endpoint), answer.verdict.value).inc()

    def gave_up(self, endpoint: str, posts: int) -> None:
        """Posts were given up."""
        self._results.labels(self._names.of(endpoint), _GIVEN_UP).inc(posts)

    def show(self, standings: Sequence[Standing], disabled: Sequence[Disabled], now: datetime) -> None:
        """How all posts stood at `now`."""
        found = {self._names.of(one.endpoint): one for one in standings}
        gone = {self._names.of(one.endpoint) for one in disabled}
        self._seen |= found.keys() | gone
        for name in self._seen:
            one = found.get(name)
            waited = 0.0 if one is None or one.oldest is None else max(0.0, (now - one.oldest).total_seconds())
            self._waiting.labels(name).set(one.waiting if one else 0)
            self._oldest.labels(name).set(waited)
            self._given_up.labels(name).set(one.given_up if one else 0)
            self._disabled.labels(name).set(name in gone)
