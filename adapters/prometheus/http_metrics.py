"""Metrics of a process's HTTP servers."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter


class HttpMetrics:
    """Of all servers of a process together, on one registry."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._connections = Counter(
            "tocsin_http_connections_turned_away",
            "Connections for which there was no room: refused, or ended while they waited, to make room for others.",
            ["how"],
            registry=registry,
        )
        for how in ("refused", "ended"):
            self._connections.labels(how)

    def connection_refused(self) -> None:
        """See adapters.web.monitor.ConnectionMonitor."""
        self._connections.labels("refused").inc()

    def connection_ended(self) -> None:
        """See adapters.web.monitor.ConnectionMonitor."""
        self._connections.labels("ended").inc()
