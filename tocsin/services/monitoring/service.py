"""What can be seen of any running service from outside: its process, its rule files, whether it is alive and ready."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector

from adapters.kafka.errors import DamagedBatch
from adapters.prometheus.build_metrics import BuildMetrics
from adapters.prometheus.http_metrics import HttpMetrics
from adapters.prometheus.reading_metrics import ReadingMetrics
from adapters.prometheus.rules_metrics import RulesMetrics
from adapters.prometheus.vitals_metrics import VitalsMetrics
from tocsin.services.lifecycle.vitals import Vitals
from tocsin.services.reload.rules_in_force import ReloadingRules

if TYPE_CHECKING:
    from litestar import Router

    from adapters.web.limits import ServerLimits
    from adapters.web.monitor import RequestMonitor
    from adapters.web.tokens import Tokens

MOST_NAMED: Final = 5
"""Batches that can't be decoded and are named in the reason; there may be many."""


class ServiceMonitor:
    """Metrics on a registry of its own, and the vitals. `waits_for`: why which part is not ready at first."""

    def __init__(self, waits_for: Mapping[str, str]) -> None:
        self.registry = CollectorRegistry()
        # The registry is not the library's global one, so that several services fit into one process, as tests need.
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=self.registry)
        BuildMetrics(self.registry)
        self.rule_files = RulesMetrics(self.registry)
        self.http = HttpMetrics(self.registry)
        self.vitals = Vitals(time.monotonic)
        VitalsMetrics(self.registry, self.vitals)
        self.is_shown = False
        """Whether probes and scrapes are answered. If not, no costly figures are gathered (lag, counts of jobs)."""
        for part, reason in waits_for.items():
            self.vitals.not_ready(part, reason)

    def rules_changed(self, rules: ReloadingRules) -> None:
        """Rules and templates were put in force, or a change of their files was refused."""
        self.rule_files.refused(bool(rules.faults), rules.kept_since is not None)
        remarks = [f"{named}; the last good rules stay in force" for named in rules.named_faults]
        if rules.not_kept is not None:
            remarks.append(
                f"those in force could not be kept for a start at which the files are refused: {rules.not_kept}; "
                "make room, and save the rule file again"
            )
        self.vitals.remark("rules", remarks)

    @contextmanager
    def answering(
        self,
        listen: tuple[str, int] | None,
        beside: Sequence[Router] = (),
        tokens: Tokens | None = None,
        limits: ServerLimits | None = None,
        requests: RequestMonitor | None = None,
    ) -> Iterator[int]:
        """Answer probes and scrapes within the block, and what is `beside` them, which may need `tokens`.

        `requests` is told of those that are beside.

        Gives the port, 0 where `listen` is None. Raises AddressError.
        """
        if listen is None:
            yield 0
            return
        # Here, since the commands that serve nothing need not wait until a server is imported.
        from adapters.web.application import NO_TOKENS, application  # noqa: PLC0415
        from adapters.web.monitor import SEES_NOTHING  # noqa: PLC0415
        from adapters.web.operations import operations  # noqa: PLC0415
        from adapters.web.serving import LIMITS, serving  # noqa: PLC0415

        self.is_shown = True
        vitals = self.vitals
        part = operations(self.registry, vitals.stuck, vitals.reasons, vitals.remarks)
        served = application([part, *beside], tokens or NO_TOKENS, requests or SEES_NOTHING)
        with serving(served, *listen, limits or LIMITS, self.http) as port:
            yield port


class ReadingMonitor(ServiceMonitor):
    """Sees what a service reads from Kafka, too."""

    def __init__(self, waits_for: Mapping[str, str]) -> None:
        super().__init__(waits_for)
        self.reading = ReadingMetrics(self.registry)

    def damaged(self, batches: Sequence[DamagedBatch]) -> None:
        """These batches can't be decoded, and hold their partitions up."""
        self.reading.damaged((one.topic, one.partition) for one in batches)
        if batches:
            self.vitals.not_ready("batches", "; ".join(map(str, batches[:MOST_NAMED])))
        else:
            self.vitals.ready("batches")
