"""A broker that hangs: connections stay, nothing is answered. Whoever looks is told within a quarter of a minute."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from prometheus_client.parser import text_string_to_metric_families

from adapters.mailbox.mailbox import HOST
from tests.faults.engines import Desk, until
from tests.faults.stoppable import PATIENCE, TOCSIN, Stoppable
from tests.support.brokers.cluster import Cluster
from tests.support.brokers.native import NativeBroker
from tests.support.mail.relays.postfix import free_port
from tocsin.cli.console import UNUSABLE

pytestmark = [pytest.mark.kafka, pytest.mark.alone, pytest.mark.timeout(180)]

SHOWS_WITHIN = 15.0
FRESH = ("tocsin_group_lag_records", "tocsin_group_lag_seconds", "tocsin_group_halted_seconds", "tocsin_lag_records")
AWAY = "kafka (lag): does not answer; it is asked again"


class Seen:
    """One service, as probes and scrapes see it."""

    def __init__(self, cluster: Cluster, folder: Path, *command: str) -> None:
        port = free_port()
        on = ["--kafka", cluster.bootstrap, "--prefix", cluster.prefix, "--listen", f"{HOST}:{port}"]
        self._address = f"http://{HOST}:{port}"
        self.process = Stoppable(folder / f"{command[0]}.log", *command, *on, "--stop-within=1")

    def readiness(self) -> list[str]:
        """Why it is not ready; nothing where it is."""
        try:
            with urlopen(f"{self._address}/readyz", timeout=5):  # noqa: S310 - loopback
                return []
        except HTTPError as error:
            return error.read().decode().splitlines()

    def figures(self) -> set[str]:
        """Those figures of the lag that it shows."""
        with urlopen(f"{self._address}/metrics", timeout=5) as answer:  # noqa: S310 - loopback
            families = text_string_to_metric_families(answer.read().decode())
        return {sample.name for family in families for sample in family.samples} & {*FRESH}

    def is_well(self) -> bool:
        return not self.readiness() and self.figures() == {*FRESH}

    def shows_it(self) -> bool:
        return AWAY in self.readiness() and not self.figures()


@pytest.fixture
def desk(lone_cluster: Cluster) -> Desk:
    return Desk(lone_cluster)


@pytest.fixture(params=["engine", "sender"])
def service(request: pytest.FixtureRequest, desk: Desk, tmp_path: Path) -> Iterator[Seen]:
    mail = [
        f"--data={tmp_path / 'data'}",
        f"--smtp={HOST}:{free_port()}",
        "--tls=none",
        "--from=Support <s@desk.example>",
    ]
    seen = Seen(desk.cluster, tmp_path, request.param, "--instance=one", *(mail if request.param == "sender" else []))
    with seen.process.running():
        yield seen


def test_probes_and_metrics_of_a_service_show_it_and_that_it_is_over(service: Seen, lone: NativeBroker) -> None:
    until(service.is_well, PATIENCE)
    lone.pause()
    try:
        until(service.shows_it, SHOWS_WITHIN)
    finally:
        lone.resume()
    until(service.is_well, PATIENCE)


def lag(cluster: Cluster) -> subprocess.CompletedProcess[str]:
    on = ["--kafka", cluster.bootstrap, "--prefix", cluster.prefix, "--json", "--window=1"]
    return subprocess.run([*TOCSIN, "lag", *on], capture_output=True, text=True, timeout=60, check=False)


def test_who_asks_for_the_lag_is_told_so_and_not_kept_waiting(desk: Desk, lone: NativeBroker) -> None:
    lone.pause()
    started = time.monotonic()
    try:
        told = lag(desk.cluster)
    finally:
        lone.resume()
    assert time.monotonic() - started < SHOWS_WITHIN
    assert (told.returncode, told.stdout) == (UNUSABLE, "")
    assert "Kafka does not answer in time" in told.stderr.splitlines()[-1]


def test_who_watches_the_lag_is_told_so_too(desk: Desk, lone: NativeBroker, tmp_path: Path) -> None:
    on = ["--kafka", desk.cluster.bootstrap, "--prefix", desk.cluster.prefix]
    watching = Stoppable(tmp_path / "log", "lag", "--watch", "--json", "--window=1", *on, up='"group"')
    with watching.running():
        lone.pause()
        started = time.monotonic()
        try:
            assert watching.ended(SHOWS_WITHIN) == UNUSABLE
        finally:
            lone.resume()
        assert time.monotonic() - started < SHOWS_WITHIN
    assert "Kafka does not answer in time" in watching.said().splitlines()[-1]


def test_a_group_that_never_ran_is_no_empty_one(desk: Desk) -> None:
    desk.emit(10)
    told = lag(desk.cluster)
    assert told.returncode == 1, told.stderr
    events, jobs = map(json.loads, told.stdout.splitlines())
    assert (events["status"], events["records"], events["members"]) == ("ERR", 10, [])
    assert events["seconds"] > 0
    assert (jobs["status"], jobs["records"]) == ("OK", 0)
