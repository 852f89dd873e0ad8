"""Metrics of the intake: what is posted and how it is answered, and what waits to get into the log."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from adapters.prometheus.bounded import OTHER, BoundedLabel

EVENTS: Final = "events"
HOOKS: Final = "hooks/"
BUCKETS: Final = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
"""Seconds. Nothing takes longer than 4.5."""


class IntakeMetrics:
    """What is posted. The label `to` is `events`, a hook that is in force (`hooks/zammad`), or `hooks/other`."""

    def __init__(
        self, registry: CollectorRegistry, outcomes: Sequence[str], is_hook: Callable[[str], bool] = lambda _: False
    ) -> None:
        """`outcomes` are the words for what becomes of posts; `is_hook` says whether a hook of a name is in force."""
        self._is_hook = is_hook
        self._known = BoundedLabel()
        self._outcomes = outcomes
        self._begun: set[str] = set()
        self._answers = Counter(
            "tocsin_intake_answers", "Requests that were answered, by HTTP status.", ["to", "code"], registry=registry
        )
        self._seconds = Histogram(
            "tocsin_intake_answer_seconds",
            "From the end of a request to the begin of its answer.",
            ["to"],
            buckets=BUCKETS,
            registry=registry,
        )
        self._posts = Counter(
            "tocsin_intake_posts", "Posts that were read, by what became of them.", ["to", "became"], registry=registry
        )
        self._events = Counter(
            "tocsin_intake_events", "Events that were brought into the log.", ["to"], registry=registry
        )
        self._refused = Counter(
            "tocsin_intake_work_refused",
            "Posts that were turned away: overloaded, too much at once; too_slow, no answer from log or database.",
            ["why"],
            registry=registry,
        )
        for why in ("overloaded", "too_slow"):
            self._refused.labels(why)
        self._name(EVENTS)

    def work_refused(self, code: str) -> None:
        """See adapters.web.monitor.RequestMonitor."""
        self._refused.labels(code).inc()

    def answered(self, to: str, status: int, seconds: float) -> None:
        """See adapters.web.monitor.RequestMonitor."""
        name = self._name(to)
        self._answers.labels(name, str(status)).inc()
        self._seconds.labels(name).observe(seconds)

    def posted(self, to: str, became: str, events: int) -> None:
        """A post was read; so many events of it are new in the log."""
        name = self._name(to)
        self._posts.labels(name, became).inc()
        self._events.labels(name).inc(events)

    def _name(self, to: str) -> str:
        """The label. Anybody may post to any name, so only those of hooks that are in force are shown."""
        hook = to.removeprefix(HOOKS)
        name = to if to == EVENTS or (self._is_hook(hook) and self._known.of(hook) == hook) else HOOKS + OTHER
        if name not in self._begun:
            # A rate needs series that begin at 0.
            self._begun.add(name)
            self._events.labels(name)
            for outcome in self._outcomes:
                self._posts.labels(name, outcome)
        return name


class UnpublishedMetrics:
    """Events that are kept in the database until the log has them. All processes on one database show the same."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._events = Gauge("tocsin_intake_unpublished_events", "Events that wait to be published.", registry=registry)
        self._oldest = Gauge(
            "tocsin_intake_unpublished_seconds",
            "How long the oldest of them has waited; 0 where there is none.",
            registry=registry,
        )
        self._read = Gauge(
            "tocsin_intake_read_timestamp_seconds",
            "When the database was last asked for them; at first, when the process started.",
            registry=registry,
        )
        self._read.set_to_current_time()

    def show(self, events: int, oldest: datetime | None, now: datetime) -> None:
        """What the database said at `now`."""
        self._events.set(events)
        self._oldest.set(0.0 if oldest is None else max(0.0, (now - oldest).total_seconds()))
        self._read.set(now.timestamp())
