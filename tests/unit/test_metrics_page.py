"""docs/metrics.md names every metric with its labels, and no other."""

from __future__ import annotations

import re
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter
from prometheus_client.metrics import MetricWrapperBase

from adapters.prometheus.build_metrics import BuildMetrics
from adapters.prometheus.directory_metrics import DirectoryFilesMetrics, DirectoryMetrics
from adapters.prometheus.engine_metrics import EngineMetrics
from adapters.prometheus.history_metrics import HistoryMetrics
from adapters.prometheus.http_metrics import HttpMetrics
from adapters.prometheus.intake_metrics import IntakeMetrics, UnpublishedMetrics
from adapters.prometheus.lag_metrics import LagMetrics
from adapters.prometheus.ledger_metrics import LedgerMetrics
from adapters.prometheus.outcome_metrics import OutcomeMetrics
from adapters.prometheus.reading_metrics import ReadingMetrics
from adapters.prometheus.rules_metrics import RulesMetrics
from adapters.prometheus.sender_metrics import SenderMetrics
from adapters.prometheus.vitals_metrics import VitalsMetrics
from tocsin.services.lifecycle.vitals import Vitals

PAGE = (Path(__file__).parents[2] / "docs" / "metrics.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| `(tocsin_\w+)` \| ([\w, ]*)\|", re.MULTILINE)


def declared() -> dict[str, tuple[str, ...]]:
    registry = CollectorRegistry()
    EngineMetrics(registry)
    DirectoryMetrics(registry)
    DirectoryFilesMetrics(registry)
    LagMetrics(registry, "one")
    SenderMetrics(registry)
    LedgerMetrics(registry)
    HistoryMetrics(registry)
    OutcomeMetrics(registry)
    RulesMetrics(registry)
    BuildMetrics(registry)
    ReadingMetrics(registry)
    HttpMetrics(registry)
    IntakeMetrics(registry, ())
    UnpublishedMetrics(registry)
    VitalsMetrics(registry, Vitals(lambda: 0.0))
    found: dict[str, tuple[str, ...]] = {}
    for collector in registry._collector_to_names:
        if isinstance(collector, VitalsMetrics):
            found |= {family.name: tuple(family._labelnames) for family in collector.describe()}
            continue
        assert isinstance(collector, MetricWrapperBase)
        name = collector._name + ("_total" if isinstance(collector, Counter) else "")
        found[name] = tuple(collector._labelnames)
    return found


def test_the_page_names_every_metric_with_its_labels() -> None:
    shown = {
        name: tuple(part.strip() for part in labels.split(",") if part.strip()) for name, labels in ROW.findall(PAGE)
    }
    assert shown == declared()
