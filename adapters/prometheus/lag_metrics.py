"""Metrics of the lag: of the partitions that this process has, each by itself, and of its group as a whole."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge

from schemas.lag import GroupLag, Status


class LagMetrics:
    """The lag of one member of a group. A partition that it loses takes its series away from here.

    While partitions change hands nobody has them: the figures of the whole group, which each member shows, go on.
    """

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
        self._group_records = gauge("tocsin_group_lag_records", "Records that wait for the whole group.", "topic")
        self._group_seconds = gauge(
            "tocsin_group_lag_seconds", "How long the oldest record of all partitions has waited.", "topic"
        )
        self._halted = gauge(
            "tocsin_group_halted_seconds",
            "For how long records have waited and the whole group has taken nothing in; 0 while it goes on.",
            "topic",
        )
        self._generations = Counter(
            "tocsin_group_generations", "Generations of its group that this process was part of.", registry=registry
        )
        self._seen = 0
        self._unowned = gauge("tocsin_partitions_unowned", "Partitions that no member of the group has.", "topic")
        self._partitions = gauge("tocsin_partitions_assigned", "Partitions that this process has.", "topic")
        self._own = (self._records, self._seconds, self._bad)
        self._whole = (self._group_records, self._group_seconds, self._halted, self._unowned, self._partitions)
        self._read = gauge(
            "tocsin_lag_read_timestamp_seconds",
            "When the brokers last said the lag; at first, when the process started.",
        )

        self._read.set_to_current_time()

    def generations(self, count: int) -> None:
        """So many generations of its group has this process been part of, since its start."""
        self._generations.inc(count - self._seen)
        self._seen = count

    def show(self, lag: GroupLag) -> None:
        """What was read of the whole group. An unknown number has no series."""
        for figure in self._own:
            figure.clear()
        own = [one for one in lag.partitions if one.owner == self._member]
        for one in own:
            labels = (one.topic, str(one.partition))
            self._records.labels(*labels).set(one.records)
            if one.seconds is not None:
                self._seconds.labels(*labels).set(one.seconds)
            self._bad.labels(*labels).set(one.status in {Status.STALL, Status.STOP, Status.REWIND})
        self._partitions.labels(lag.topic).set(len(own))
        self._group_records.labels(lag.topic).set(lag.records)
        if lag.seconds is not None:
            self._group_seconds.labels(lag.topic).set(lag.seconds)
        self._halted.labels(lag.topic).set(lag.halted)
        self._unowned.labels(lag.topic).set(sum(one.owner is None for one in lag.partitions))
        self._read.set(lag.at.timestamp())

    def unknown(self) -> None:
        """Kafka does not say: what was read before is no figure of now. When it was read stays."""
        for figure in (*self._own, *self._whole):
            figure.clear()
