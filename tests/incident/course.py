"""The course of an incident: its alert fires within its time and clears, and nothing else fires."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from tests.faults.engines import until
from tests.incident.installation import Installation

FIRES = 45.0
CLEARS = 90.0


def tell(*lines: str) -> None:
    """Say what was measured, to whoever looks (`pytest -s`)."""
    sys.stdout.write("\n".join((*lines, "")))


def goes_through(installation: Installation, alert: str, incident: AbstractContextManager[None]) -> None:
    """The alert fires while the incident lasts, clears after it, and nothing else fires: what follows is silent."""
    start = time.time()
    with incident:
        until(lambda: alert in installation.prometheus.firing(), FIRES, lambda: time.sleep(0.25))
        fired = time.time()
        time.sleep(5)
    mended = time.time()
    until(lambda: alert not in installation.prometheus.firing(), CLEARS, lambda: time.sleep(0.25))
    cleared = time.time()
    until(lambda: not installation.prometheus.pending(), CLEARS, lambda: time.sleep(0.25))
    tell(f"{alert}: fired {fired - start:.0f} s after it began, cleared {cleared - mended:.0f} s after it was mended")
    all_fired = installation.prometheus.fired(start, time.time())
    assert all_fired == {alert}, all_fired


@contextmanager
def all_engines_killed(installation: Installation) -> Iterator[None]:
    for engine in installation.engines:
        engine.end(signal.SIGKILL)
    yield
    for engine in installation.engines:
        engine.start()
    until(lambda: all(engine.is_ready() for engine in installation.engines), 60)
