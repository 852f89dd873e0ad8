"""Metrics of the lag: of the partitions that this process has, and of no other."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Gauge

from schemas.lag import GroupLag, Status


class LagMetrics:
    """The lag of one member of a group. A partition that it loses takes its series away from here."""

    def __init__(self, registry: CollectorRegistry, member: str) -> None:
        self._member = member

        def gauge(name: str, meaning: str, *labels: str) -> Gauge:
            return Gauge(name, meaning, labels, registry=registry)

        self._records = gauge("tocsin_lag_records", "Records that wait on a partition.", "topic", "partition")
        self._seconds = gauge(
            "tocsin_lag_seconds", "How long the oldest record of a partition has waited.", "topic", "partition"
        )
        self._bad = gauge(
            "tocsin_lag_stalled", "Whether a partition has stalled, stopped or gone back.", "topic", "partition"
        )
        self._partitions = gauge("tocsin_partitions_assigned", "Partitions that this process has.")
        self._read = gauge("tocsin_lag_read_timestamp_seconds", "When the lag was last asked of the brokers.")

    def show(self, lag: GroupLag) -> None:
        """What was read of the whole group. An unknown number has no series."""
        own = [one for one in lag.partitions if one.owner == self._member]
        for gauge in (self._records, self._seconds, self._bad):
            gauge.clear()
        for one in own:
            labels = (one.topic, str(one.partition))
            if one.records is not None:
                self._records.labels(*labels).set(one.records)
            if one.seconds is not None:
                self._seconds.labels(*labels).set(one.seconds)
            self._bad.labels(*labels).set(one.status in {Status.STALL, Status.STOP, Status.REWIND})
        self._partitions.set(len(own))
        self._read.set(lag.at.timestamp())
