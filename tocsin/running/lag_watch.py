"""Looks at the lag of a running service's group again and again, from a thread of its own."""

from __future__ import annotations

import threading
from contextlib import AbstractContextManager, closing
from datetime import timedelta
from functools import partial
from typing import Final

import structlog

from adapters.kafka.errors import KafkaRefusedError, KafkaUnavailableError
from adapters.kafka.lag_reader import LagReader
from adapters.kafka.settings import KafkaSettings
from adapters.prometheus.lag_metrics import LagMetrics
from tocsin.lag.window import Window
from tocsin.running.background import in_background
from tocsin.running.vitals import Vitals

log = structlog.get_logger()

LOOP: Final = "lag"
LAG_WINDOW: Final = timedelta(minutes=1)
LAG_EVERY: Final = 5.0
"""Seconds between two looks at the lag."""


def watching_lag(
    metrics: LagMetrics, vitals: Vitals, settings: KafkaSettings, group: str, topic: str
) -> AbstractContextManager[None]:
    """Look at the lag within the block. Where Kafka does not answer, what was seen last stays, with its time."""
    return in_background(partial(_look, metrics, vitals, settings, group, topic), "lag", 2 * LAG_EVERY)


def _look(
    metrics: LagMetrics, vitals: Vitals, settings: KafkaSettings, group: str, topic: str, stop: threading.Event
) -> None:
    while not stop.is_set():
        vitals.beat(LOOP)
        try:
            with closing(LagReader(settings, group, topic)) as reader:
                window = Window(group, topic, LAG_WINDOW)
                while not stop.wait(LAG_EVERY):
                    vitals.beat(LOOP)
                    metrics.show(window.add(*reader.read()))
        except (KafkaUnavailableError, KafkaRefusedError) as error:
            log.warning("lag_unknown", error=type(error).__name__, said=str(error))
            stop.wait(LAG_EVERY)
    vitals.over(LOOP)
