"""The line of the log about records that stand in the wrong place: one a minute, with one of them as an example."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence

import structlog

from engine.placement import Misplaced
from tocsin.logs.repeats import QUIET_SECONDS

log = structlog.get_logger()


class MisplacedLines:
    """Tells of them by their place and the ticket's id. A key is not shown: a wrong one may be anything."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._quiet_until = -math.inf
        self._untold = 0

    def tell(self, found: Sequence[Misplaced]) -> None:
        """These were found. `records` in the line counts all since the line before."""
        self._untold += len(found)
        now = self._monotonic()
        if not found or now < self._quiet_until:
            return
        one = found[0]
        log.warning(
            "records_misplaced",
            records=self._untold,
            ticket_id=one.ticket,
            topic=one.record.topic,
            partition=one.record.partition,
            offset=one.record.offset,
            why=[why.value for why in one.why],
            belongs_in=one.belongs_in,
        )
        self._quiet_until, self._untold = now + QUIET_SECONDS, 0
