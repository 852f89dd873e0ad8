"""An incident in little time, for every run: the only engine is killed, its alert fires, and clears once it is back."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.faults.engines import until
from tests.incident.course import CLEARS, all_engines_killed, goes_through
from tests.incident.installation import small_installation
from tests.support.brokers.cluster import Cluster

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(180)]


def test_the_only_engine_is_killed_and_comes_back(cluster: Cluster, tmp_path: Path) -> None:
    with small_installation(tmp_path, cluster) as installation:
        until(lambda: not installation.prometheus.pending(), CLEARS, lambda: time.sleep(0.25))
        goes_through(installation, "TocsinNoEngine", all_engines_killed(installation))
