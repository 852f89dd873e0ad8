"""Members of a group on a test's own cluster."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta

from adapters.kafka.event_log import KafkaEventLog
from adapters.kafka.settings import KafkaSettings, Membership
from adapters.kafka.transaction import AfterStep, nothing
from tests.support.brokers.cluster import Cluster

GROUP = "engine"


def settings_of(cluster: Cluster) -> KafkaSettings:
    """How the adapters reach the cluster."""
    return KafkaSettings((cluster.bootstrap,), cluster.prefix)


def member(instance: str = "one", group: str = GROUP, session: int = 6, transaction: int = 5) -> Membership:
    """A member with short limits, in seconds."""
    return Membership(group, instance, timedelta(seconds=session), timedelta(seconds=transaction))


@contextmanager
def event_log(cluster: Cluster, membership: Membership, after_step: AfterStep = nothing) -> Iterator[KafkaEventLog]:
    """An event log, closed in the end whatever has become of it."""
    log = KafkaEventLog(settings_of(cluster), membership, after_step=after_step)
    try:
        yield log
    finally:
        with suppress(RuntimeError):
            log.close()
