"""Metrics of the engine: what came, what was decided, what could not be, and the transactions around it."""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from adapters.prometheus.bounded import BoundedLabel
from engine.consumer import Batch
from engine.decide import Decision
from engine.placement import Misplacement
from schemas.vocabulary import Channel, Reason, Trigger

DELAYS: Final = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600, 14400, 86400)
SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)

COMMITTED: Final = "committed"
NOT_COMMITTED: Final = "not_committed"

CODES: Final = (
    "not_json",
    "not_utf8",
    "too_large",
    "too_deep",
    "invalid_field",
    Reason.UNKNOWN_CONTRACT.value,
    Reason.UNREADABLE_RECORD.value,
    "undecidable",
)
"""Classes of dead letters, see docs/events.md. A rate misses what came before a series began."""


class EngineMetrics:
    """The engine's metrics on one registry. Every label value there can be, is there from the start."""

    def __init__(self, registry: CollectorRegistry) -> None:
        def counter(name: str, meaning: str, *labels: str) -> Counter:
            return Counter(name, meaning, labels, registry=registry)

        self._events = counter("tocsin_events", "Events that were decided.")
        self._tombstones = counter(
            "tocsin_event_tombstones", "Records of events without a value, which are passed over."
        )
        self._triggers = counter("tocsin_event_triggers", "Triggers that decided events raised.", "trigger")
        self._jobs = counter("tocsin_jobs_decided", "Jobs that decisions made.", "trigger", "channel")
        self._skips = counter("tocsin_skips", "Entries of decisions that say why somebody gets nothing.", "reason")
        self._nobody = counter(
            "tocsin_events_reaching_nobody",
            "Events that passed every gate of events, of contracts with a category on, and reached nobody.",
        )
        self._letters = counter("tocsin_dead_letters", "Records that were dead-lettered, by class of error.", "code")
        self._misplaced = counter(
            "tocsin_misplaced_records",
            "Records of decided events that stand where those of their ticket do not belong.",
            "why",
        )
        self._transactions = counter("tocsin_transactions", "Transactions by their outcome.", "outcome")
        self._duration = Histogram(
            "tocsin_transaction_duration_seconds", "Duration of commits.", buckets=SECONDS, registry=registry
        )
        self._delay = Histogram(
            "tocsin_decision_delay_seconds", "Time from a save to its decision.", buckets=DELAYS, registry=registry
        )
        self._rules = Gauge(
            "tocsin_rules_in_force_info", "The digest of the rules in force; always 1.", ["digest"], registry=registry
        )
        self._rules_since = Gauge(
            "tocsin_rules_in_force_since_timestamp_seconds", "When those rules were put in force.", registry=registry
        )
        self._reloads = counter("tocsin_rule_reloads", "Changes of rule files, by what became of them.", "outcome")
        self._codes = BoundedLabel()
        self._begin()

    def batch(self, batch: Batch) -> None:
        """A batch was committed."""
        decisions = batch.decisions
        self._events.inc(len(decisions))
        self._tombstones.inc(batch.tombstones)
        _add(self._triggers, ((trigger.value,) for one in decisions for trigger in one.triggers))
        _add(self._jobs, ((job.trigger.value, job.channel.value) for one in decisions for job in one.jobs))
        _add(self._skips, ((skip.reason.value,) for one in decisions for skip in one.skipped))
        _add(self._letters, ((self._codes.of(cause.code),) for cause in batch.dead_letters))
        _add(self._misplaced, ((why.value,) for one in batch.misplaced for why in one.why))
        self._nobody.inc(sum(1 for one in decisions if _reached_nobody(one)))
        for one in decisions:
            self._delay.observe(max(0.0, (one.now - one.event.time).total_seconds()))

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Measure a commit: one that raises counts as not committed."""
        started = perf_counter()
        outcome = NOT_COMMITTED
        try:
            yield
            outcome = COMMITTED
        finally:
            self._duration.observe(perf_counter() - started)
            self._transactions.labels(outcome).inc()

    def rules_in_force(self, digest: str, since: float) -> None:
        """Other rules are in force, since this time of the Unix clock."""
        self._rules.clear()
        self._rules.labels(digest).set(1)
        self._rules_since.set(since)

    def reloaded(self, outcome: str) -> None:
        """Rule files changed: `accepted` or `refused`."""
        self._reloads.labels(outcome).inc()

    def _begin(self) -> None:
        for trigger in Trigger:
            self._triggers.labels(trigger.value)
            for channel in Channel:
                self._jobs.labels(trigger.value, channel.value)
        for reason in Reason:
            self._skips.labels(reason.value)
        for code in CODES:
            self._letters.labels(self._codes.of(code))
        for why in Misplacement:
            self._misplaced.labels(why.value)
        for outcome in (COMMITTED, NOT_COMMITTED):
            self._transactions.labels(outcome)
        for outcome in ("accepted", "refused"):
            self._reloads.labels(outcome)


def _add(metric: Counter, values: Iterable[tuple[str, ...]]) -> None:
    """Add one for each of these label values: the same ones together, since a batch has thousands."""
    for labels, number in Tally(values).items():
        metric.labels(*labels).inc(number)


def _reached_nobody(decision: Decision) -> bool:
    wanted = any(skip.reason is not Reason.CATEGORY_OFF for skip in decision.skipped)
    return wanted and not decision.jobs and decision.reason is None
