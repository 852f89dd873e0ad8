"""Metrics of the rule files on disk."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Gauge


class RulesMetrics:
    """Whether a process works by other rules than those that lie on its disk."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._refused = Gauge(
            "tocsin_rule_files_refused",
            "1 while the rule files or templates on disk are refused, and the last good ones stay in force.",
            registry=registry,
        )

    def refused(self, are_refused: bool) -> None:
        """The files changed; what they are now is refused or not."""
        self._refused.set(are_refused)
