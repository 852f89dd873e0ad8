"""What can be seen of a running intake from outside: what it waits for, and whether it is alive."""

from __future__ import annotations

import time
from typing import Final

import structlog

from adapters.prometheus.intake_metrics import UnpublishedMetrics
from intake.ports import LogAwayError, LogUnavailableError
from tocsin.services.lifecycle.ledger_outage import TELL_EVERY, LedgerOutage
from tocsin.services.lifecycle.vitals import Monotonic
from tocsin.services.monitoring.service import ServiceMonitor

log = structlog.get_logger()

DATABASE: Final = "database"
DIRECTORY: Final = "directory"
KAFKA: Final = "kafka"
EVENTS: Final = "events"
"""Events that wait in the database until the log has them."""


class PostsMonitor(ServiceMonitor):
    """Sees what an intake does on Kafka and PostgreSQL, and shows it."""

    def __init__(self, monotonic: Monotonic = time.monotonic) -> None:
        super().__init__({DATABASE: "not opened yet", DIRECTORY: "being read"})
        self.waiting = UnpublishedMetrics(self.registry)
        self._outage = LedgerOutage()
        self._monotonic = monotonic
        self._quiet_until = 0.0

    def waits_for_database(self, why: LogUnavailableError | None) -> None:
        """The database takes nothing; None: it does."""
        if why is None:
            self.vitals.ready(DATABASE)
            self._outage.is_over(EVENTS)
        else:
            self.vitals.not_ready(DATABASE, str(why))
            self._outage.goes_on(EVENTS, why.code, str(why))

    def waits_for_log(self, why: LogUnavailableError | None) -> None:
        """Events that are kept don't get into the log; None: all have got there.

        What the log refuses for good keeps back its own ticket alone, so the others go on.
        """
        is_away = isinstance(why, LogAwayError)
        if is_away:
            self.vitals.not_ready(EVENTS, str(why))
        else:
            self.vitals.ready(EVENTS)
        self.vitals.remark(EVENTS, [f"some can't be published: {why}"] if why is not None and not is_away else [])
        if why is not None and self._monotonic() >= self._quiet_until:
            self._quiet_until = self._monotonic() + TELL_EVERY
            log.warning("events_not_published", error=why.code, said=str(why))
