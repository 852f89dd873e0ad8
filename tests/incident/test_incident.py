"""An incident, watched by a real Prometheus: its alert fires within its time and clears, and nothing else fires."""

from __future__ import annotations

import json
import math
import re
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.faults.engines import until
from tests.incident.course import CLEARS, all_engines_killed, goes_through, tell
from tests.incident.installation import LargeInstallation, large_installation
from tests.incident.prometheus_server import faster
from tests.incident.runbook_commands import Kit
from tests.support.brokers.native import why_not
from tests.support.required import missing

pytestmark = [pytest.mark.kafka, pytest.mark.slow, pytest.mark.timeout(240)]
DASHBOARD = Path(__file__).parents[2] / "ops" / "grafana" / "dashboards" / "tocsin.json"


@pytest.fixture(scope="module")
def at_work(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LargeInstallation]:
    reason = why_not()
    if reason is not None:
        missing(reason)
    with large_installation(tmp_path_factory.mktemp("program")) as made:
        yield made


@pytest.fixture
def quiet(at_work: LargeInstallation) -> LargeInstallation:
    """A installation in which all is well: nothing fires, and nothing is about to."""
    until(lambda: not at_work.prometheus.pending(), CLEARS, lambda: time.sleep(0.5))
    return at_work


@contextmanager
def one_engine_killed(installation: LargeInstallation) -> Iterator[None]:
    installation.engines[0].end(signal.SIGKILL)
    yield
    installation.engines[0].start()
    until(installation.engines[0].is_ready, 60)


@contextmanager
def relay_down(installation: LargeInstallation) -> Iterator[None]:
    installation.relay.stop()
    yield
    installation.relay.start()


@contextmanager
def directory_stopped(installation: LargeInstallation) -> Iterator[None]:
    """The broker that has the directory ends, and comes back.

    One that hangs would do, but for the half minute that clients of Kafka wait for it, which is not made shorter here.
    """
    installation.directory.kill()
    try:
        yield
    finally:
        installation.directory.start()


@contextmanager
def broker_hangs(installation: LargeInstallation) -> Iterator[None]:
    """The broker that has all but the directory keeps its connections, and answers nothing."""
    installation.broker.pause()
    try:
        yield
    finally:
        installation.broker.resume()


def test_nothing_fires_while_all_is_well(quiet: LargeInstallation) -> None:
    start = time.time()
    time.sleep(4)
    assert quiet.prometheus.fired(start, time.time()) == set()


def test_engines_killed(quiet: LargeInstallation) -> None:
    goes_through(quiet, "TocsinNoEngine", all_engines_killed(quiet))


def test_poison_flood(quiet: LargeInstallation) -> None:
    goes_through(quiet, "TocsinPoisonFlood", quiet.poisoned())


@pytest.mark.slow
def test_one_of_two_engines_killed(quiet: LargeInstallation) -> None:
    goes_through(quiet, "TocsinInstanceDown", one_engine_killed(quiet))


@pytest.mark.slow
def test_relay_down(quiet: LargeInstallation) -> None:
    goes_through(quiet, "TocsinRelayUnreachable", relay_down(quiet))


@pytest.mark.slow
def test_directory_stopped(quiet: LargeInstallation) -> None:
    goes_through(quiet, "TocsinDirectoryStale", directory_stopped(quiet))


@pytest.mark.slow
def test_broker_hangs(quiet: LargeInstallation) -> None:
    goes_through(quiet, "TocsinKafkaUnreachable", broker_hangs(quiet))


@pytest.mark.slow
def test_the_runbooks_commands_work_on_what_it_is_about(at_work: LargeInstallation, tmp_path: Path) -> None:
    with at_work.poisoned():
        until(lambda: any(value > 0 for _, value in at_work.prometheus.query("tocsin_dead_letters_total")), 60)
    kit = Kit(at_work, tmp_path)
    ran = 0
    for line, most in kit.commands():
        kit.prepare(line)
        done = kit.run(line)
        assert done.returncode <= most, f"{line}\n{done.stdout}{done.stderr}"
        assert done.stdout or done.stderr, f"{line} says nothing"
        ran += 1
    assert ran > 20


def test_no_panel_of_the_dashboard_is_empty(at_work: LargeInstallation) -> None:
    panels = [one for one in json.loads(DASHBOARD.read_text())["panels"] if one["type"] != "row"]
    # As Grafana does where everything is looked at.
    everything = {"$job": ".*", "$instance": ".*"}
    targets = [
        (panel["title"], re.sub(r"\$\w+", lambda name: everything[name[0]], target["expr"]))
        for panel in panels
        for target in panel["targets"]
    ]

    def values(query: str) -> list[float]:
        return [value for _, value in at_work.prometheus.query(query) if not math.isnan(value)]

    for title, query in targets:
        # Some ask for what a second scrape, or a first look at lag and ledger, has to bring.
        until(lambda query=query: bool(values(query)), 30, lambda: time.sleep(0.5))  # type: ignore[misc]
        found = values(query)
        tell(f"{title}: {len(found)} series, up to {max(found):.4g}")


def test_rules_are_made_faster_whole() -> None:
    """No time of the rules is overlooked."""
    rules = "expr: max(x) > (5 * 60) and increase(y[1h]) > 2 or rate(z[5m])\nfor: 1m"
    assert faster(rules, 10) == "expr: max(x) > (30) and increase(y[360000ms]) > 2 or rate(z[30000ms])\nfor: 6000ms"
