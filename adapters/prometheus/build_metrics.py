"""Which build of Tocsin a process runs."""

from __future__ import annotations

import platform
from importlib.metadata import version

from prometheus_client import CollectorRegistry, Gauge


class BuildMetrics:
    """An info metric: its labels say it, and its value is 1, so that other series can be joined with it."""

    def __init__(self, registry: CollectorRegistry) -> None:
        build = Gauge(
            "tocsin_build_info",
            "The version of Tocsin and of Python that this process runs; always 1.",
            ["version", "python"],
            registry=registry,
        )
        build.labels(version("tocsin"), platform.python_version()).set(1)
