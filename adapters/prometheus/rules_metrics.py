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

        self._kept = Gauge(
            "tocsin_kept_rules_in_force",
            "1 where the rule files were refused at the start, and rules that had been kept are in force.",
            registry=registry,
        )

    def refused(self, are_refused: bool, are_kept: bool) -> None:
        """The files changed; what they are now is refused or not, and what is in force was kept or not."""
        self._refused.set(are_refused)
        self._kept.set(are_kept)
