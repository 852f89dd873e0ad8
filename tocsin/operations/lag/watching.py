"""Looks at the lag again and again, for as long as somebody watches."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from datetime import timedelta

from msgspec import Struct

from adapters.kafka.lag_reader import LagReader
from adapters.kafka.settings import KafkaSettings
from schemas.lag import GroupLag
from tocsin.services.monitoring.lag_window import Window


class Watched(Struct, frozen=True):
    """A group, and the topic that it reads."""

    group: str
    topic: str


def looks(
    settings: KafkaSettings,
    watched: tuple[Watched, ...],
    span: timedelta,
    every: timedelta,
    pause: Callable[[float], object] = time.sleep,
) -> Iterator[list[GroupLag]]:
    """One look at each group every `every`, judged over the last `span`, until a `pause` of so many seconds is true.

    Raises KafkaUnavailableError and KafkaRefusedError.
    """
    with ExitStack() as stack:
        readers = [stack.enter_context(closing(LagReader(settings, one.group, one.topic))) for one in watched]
        windows = [Window(one.group, one.topic, span) for one in watched]
        while True:
            yield [window.add(*reader.read()) for reader, window in zip(readers, windows, strict=True)]
            if pause(every.total_seconds()):
                return
