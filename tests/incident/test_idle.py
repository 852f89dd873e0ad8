"""Work, and then nothing for ten minutes: no alert fires or is about to, and nothing is said to wait."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.faults.engines import until
from tests.incident.course import CLEARS, tell
from tests.incident.installation import small_installation
from tests.support.brokers.cluster import Cluster

pytestmark = [pytest.mark.kafka, pytest.mark.slow, pytest.mark.timeout(900)]

IDLE = 600.0
LAG = [sys.executable, "-c", "from tocsin.cli import main; main()", "lag", "--window", "1"]


def test_nothing_fires_while_nothing_comes(cluster: Cluster, tmp_path: Path) -> None:
    with small_installation(tmp_path, cluster, factor=1) as installation:
        until(lambda: installation.relay.count() > 20, 60, lambda: time.sleep(0.25))
        with installation.idle():
            until(lambda: not installation.prometheus.pending(), CLEARS, lambda: time.sleep(0.25))
            start = time.time()
            time.sleep(IDLE)
            found = installation.prometheus.between("ALERTS", start, time.time(), 1.0)
            assert {labels["alertname"] for labels, _ in found} == set()
            environment = os.environ | {"TOCSIN_KAFKA": cluster.bootstrap, "TOCSIN_KAFKA_PREFIX": cluster.prefix}
            lag = subprocess.run(LAG, capture_output=True, text=True, timeout=60, check=False, env=environment)
            tell(lag.stdout)
            assert lag.returncode == 0, lag.stdout + lag.stderr
