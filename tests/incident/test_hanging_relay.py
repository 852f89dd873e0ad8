"""A relay that takes messages and says nothing to them: one page, which stays until the relay answers again."""

from __future__ import annotations

import itertools
import time
from pathlib import Path

import pytest

from tests.faults.engines import until
from tests.incident.course import CLEARS, tell
from tests.incident.installation import Installation, small_installation
from tests.support.brokers.cluster import Cluster

pytestmark = [pytest.mark.kafka, pytest.mark.slow, pytest.mark.timeout(420)]

FACTOR = 4
"""The rules are so many times as fast, the sender is as fast as ever."""

SILENCE, PATIENCE = 30.0, 120.0
"""Seconds: for which a sender takes silence for slowness, and after which it gives a message up."""

PAGES_AFTER = SILENCE + 120 / FACTOR + 15
HANGS = PATIENCE + 60
"""Long enough for every first try to be given up, and for probes to follow."""

ALERT = "TocsinRelayUnreachable"
RIGHT = {ALERT, "TocsinDeliveriesUnknown"}
GAUGE = "tocsin_relay_out_of_reach"


def test_one_page_that_stays_until_the_relay_answers(cluster: Cluster, tmp_path: Path) -> None:
    with small_installation(tmp_path, cluster, people=3, factor=FACTOR) as installation:
        until(lambda: not installation.prometheus.pending(), CLEARS, lambda: time.sleep(0.25))
        start = time.time()
        installation.relay.hang()
        until(lambda: ALERT in installation.prometheus.firing(), PAGES_AFTER, lambda: time.sleep(0.25))
        paged = time.time()
        time.sleep(max(0.0, start + HANGS - time.time()))
        first, mended = _mended(installation)
        until(lambda: ALERT not in installation.prometheus.firing(), CLEARS, lambda: time.sleep(0.25))
        tell(f"{ALERT}: after {paged - start:.0f} s; first mail {first:.1f} s after the relay was back")
        assert first < 15
        assert installation.prometheus.fired(start, time.time()) <= RIGHT
        assert _without_a_gap(installation.prometheus.moments(f"{GAUGE} == 1", paged, mended - 1), paged, mended - 1)
        assert _without_a_gap(
            installation.prometheus.moments(f'ALERTS{{alertname="{ALERT}", alertstate="firing"}}', paged, mended - 1),
            paged,
            mended - 1,
        )


@pytest.mark.parametrize("off", [range(30, 60), range(90), range(80, 90)])
def test_a_gauge_that_flaps_is_noticed(off: range) -> None:
    assert _without_a_gap([float(one) for one in range(90)], 0, 89)
    assert not _without_a_gap([float(one) for one in range(90) if one not in off], 0, 89)


def _mended(installation: Installation) -> tuple[float, float]:
    """Let the relay work: how long it took until the sender had an answer for a first mail, and when it was mended."""
    before, mended = _taken(installation), time.time()
    installation.relay.work()
    until(lambda: _taken(installation) > before, 60, lambda: time.sleep(0.05))
    return time.time() - mended, mended


def _taken(installation: Installation) -> float:
    return sum(value for _, value in installation.prometheus.query('tocsin_delivery_answers_total{class="2xx"}'))


def _without_a_gap(moments: list[float], start: float, end: float) -> bool:
    """Whether one and the same thing held at each second from start to end; one scrape may be late."""
    marks = [start, *moments, end]
    return all(after - before <= 3 for before, after in itertools.pairwise(marks))
