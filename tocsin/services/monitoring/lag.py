"""Looks at the lag of a running service's group again and again, from a thread of its own."""

from __future__ import annotations

import threading
from contextlib import AbstractContextManager, closing
from datetime import datetime, timedelta
from functools import partial
from typing import Final

import structlog

from adapters.kafka.errors import KafkaRefusedError, KafkaUnavailableError
from adapters.kafka.lag_reader import LagReader
from adapters.kafka.settings import KafkaSettings
from adapters.prometheus.lag_metrics import LagMetrics
from schemas.lag import GroupLag
from tocsin.services.lifecycle.loops import in_background
from tocsin.services.lifecycle.vitals import Vitals
from tocsin.services.monitoring.lag_status import LagWindow

log = structlog.get_logger()

LOOP: Final = "lag"
KAFKA: Final = "kafka (lag)"
"""Kafka as this thread finds it: a loop that merely waits for records does not notice a broker that hangs."""
INTAKE: Final = "intake"
"""The group's work as a whole: it comes round as long as something is taken in, or nothing waits."""
LAG_WINDOW: Final = timedelta(minutes=1)
LAG_EVERY: Final = 5.0
"""Seconds between two looks at the lag."""


HALTED_SECONDS: Final = 60.0
"""A group that has taken nothing in for so long, although records wait, is not ready."""


def monitoring_lag(
    metrics: LagMetrics, vitals: Vitals, settings: KafkaSettings, group: str, topic: str
) -> AbstractContextManager[None]:
    """Look at the lag within the block. Where Kafka does not answer there are no figures, and this is not ready."""
    return in_background(partial(_look, metrics, vitals, settings, group, topic), "lag", 2 * LAG_EVERY)


def _look(
    metrics: LagMetrics, vitals: Vitals, settings: KafkaSettings, group: str, topic: str, stop: threading.Event
) -> None:
    while not stop.is_set():
        vitals.beat(LOOP)
        try:
            # A new reader after each failure, and a new window: figures from before an outage would show a halt that
            # was none.
            with closing(LagReader(settings, group, topic)) as reader:
                intake = IntakeMonitor(vitals)
                window = LagWindow(group, topic, LAG_WINDOW)
                while not stop.wait(LAG_EVERY):
                    vitals.beat(LOOP)
                    lag = window.add(*reader.read())
                    metrics.show(lag)
                    vitals.ready(KAFKA)
                    intake.see(lag)
        except (KafkaUnavailableError, KafkaRefusedError) as error:
            log.warning("lag_unknown", error=type(error).__name__, said=str(error))
            metrics.unknown()
            if isinstance(error, KafkaUnavailableError):
                vitals.not_ready(KAFKA, "does not answer; it is asked again")
            # Without figures nobody knows whether the group halts, so this process must not be restarted for it.
            vitals.over(INTAKE)
            stop.wait(LAG_EVERY)
    vitals.over(LOOP)
    vitals.over(INTAKE)


class IntakeMonitor:
    """Sees from outside whether a group takes anything in, since each of its members may think that all is well.

    While it takes in nothing, the service is not ready. Only where nothing else is known to hold the work up does
    /livez fail as well, so that the process is started again.
    """

    def __init__(self, vitals: Vitals) -> None:
        self._vitals = vitals
        self._held_up: datetime | None = None

    def see(self, lag: GroupLag) -> None:
        """Take in one look at the group."""
        if lag.halted > HALTED_SECONDS:
            reason = f"records wait, and the group has taken nothing in for {lag.halted:.0f} s"
            self._vitals.not_ready(INTAKE, reason)
        else:
            self._vitals.ready(INTAKE)
        if any(not is_ready for part, is_ready in self._vitals.parts().items() if part != INTAKE):
            self._held_up = lag.at
        free = float("inf") if self._held_up is None else (lag.at - self._held_up).total_seconds()
        self._vitals.beat(INTAKE, min(lag.halted, free))
