"""An engine that is told to stop: it finishes or is cut within its deadline, and keeps its place unless it leaves."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest

from adapters.kafka.transaction import Step
from schemas.topics import JOBS
from tests.faults.engines import GROUP, PARTITIONS, PEOPLE, Desk, Engine, check_once, engines, until
from tests.faults.stoppable import SLACK, Stoppable, no_echo
from tests.support.brokers.cluster import Cluster
from tests.support.brokers.native import NativeBroker
from tocsin.services.lifecycle.deadline import CUT

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(180)]

LONG = "--within=60"
PATIENT = (LONG, "--session=30")
HEARD_WITHIN = 6.0
"""Members hear of a change at their next sign of life, six in a session: one that stays so for longer is settled."""


def stop(engine: Engine, within: float) -> int:
    """Tell it to stop. It ends within the deadline; returns its exit code."""
    started = time.monotonic()
    engine.send(signal.SIGTERM)
    code = engine.ended()
    assert time.monotonic() - started < within + SLACK
    return code


def test_one_that_is_idle_ends_at_once_and_well(cluster: Cluster, tmp_path: Path) -> None:
    desk = Desk(cluster)
    with engines(cluster, tmp_path, "one") as (one,):
        one.start("--within=60")
        desk.emit(10)
        desk.wait()
        assert stop(one, within=0.0) == 0
    assert one.times_logged('"event":"stopped"') == 1
    check_once(desk)


def test_one_in_the_midst_of_a_batch_finishes_it(cluster: Cluster, tmp_path: Path) -> None:
    desk = Desk(cluster)
    desk.emit(60)
    with engines(cluster, tmp_path, "one") as (one,):
        one.start("SIGTERM", Step.STORED.name, LONG)
        assert one.ended() == 0
        # All of the batch, and nothing that was begun and left.
        assert one.times_logged('"event":"batch_decided"') == 1
        assert len(cluster.read(JOBS, committed=False)) == len(cluster.read(JOBS))
        one.start()
        desk.wait()
    check_once(desk)


@pytest.mark.parametrize(
    "step",
    [
        pytest.param(Step.BEGUN, marks=pytest.mark.slow),
        Step.STORED,
        pytest.param(Step.OFFSETS_ADDED, marks=pytest.mark.slow),
    ],
)
def test_one_that_hangs_in_a_batch_is_cut_at_the_deadline(cluster: Cluster, tmp_path: Path, step: Step) -> None:
    desk = Desk(cluster)
    desk.emit(60)
    with engines(cluster, tmp_path, "one") as (one,):
        one.start("HANG", step.name, "--within=1")
        until(lambda: one.times_logged('"event":"hangs"') == 1)
        assert stop(one, within=1.0) == CUT
        assert one.times_logged('"event":"cut_short"') == 1
        assert one.times_logged('"engine (came round') == 1
        assert one.times_logged("MainThread: adapters.kafka.transaction:") + one.times_logged("engine_child:") > 0
        one.start()
        desk.wait()
    check_once(desk)
    if step is not Step.BEGUN:
        # The control: what was cut had been written, and whoever reads without regard to transactions sees it.
        assert len(cluster.read(JOBS, committed=False)) > len(desk.sent) * PEOPLE


def test_a_second_signal_cuts_at_once(cluster: Cluster, tmp_path: Path) -> None:
    desk = Desk(cluster)
    desk.emit(60)
    with engines(cluster, tmp_path, "one") as (one,):
        one.start("HANG", Step.STORED.name, LONG)
        until(lambda: one.times_logged('"event":"hangs"') == 1)
        one.send(signal.SIGTERM)
        until(lambda: one.times_logged('"event":"stopping"') == 1)
        no_echo()
        assert stop(one, within=0.0) == CUT
        assert one.times_logged('"why":"a second signal"') == 1
        one.start()
        desk.wait()
    check_once(desk)


def test_a_broker_that_hangs_keeps_no_engine_alive(lone_cluster: Cluster, lone: NativeBroker, tmp_path: Path) -> None:
    desk = Desk(lone_cluster)
    with engines(lone_cluster, tmp_path, "one") as (one,):
        one.start("--within=2")
        desk.emit(10)
        desk.wait()
        try:
            lone.pause()
            # Whether it was between two calls, or in the midst of one that waits for the broker.
            assert stop(one, within=2.0) in (0, CUT)
        finally:
            lone.resume()
        desk.emit(10)
        one.start()
        desk.wait()
    check_once(desk)


def pair_at_work(cluster: Cluster, one: Engine, other: Engine, *options: str) -> dict[str, set[int]]:
    """Start both, in a group that misses nobody before half a minute has passed; returns who has which partitions."""
    for engine in (one, other):
        engine.start(*PATIENT, *options)
    shared: dict[str, set[int]] = {}
    since = time.monotonic()

    def is_settled() -> bool:
        nonlocal shared, since
        found = cluster.members(GROUP)
        if found != shared:
            shared, since = found, time.monotonic()
        return len(shared) == 2 and all(shared.values()) and time.monotonic() - since > HEARD_WITHIN

    until(is_settled)
    return shared


def test_a_restart_gets_its_own_partitions_back_without_a_rebalance(cluster: Cluster, tmp_path: Path) -> None:
    desk = Desk(cluster)
    with engines(cluster, tmp_path, "one", "other") as (one, other):
        # Told so, since even a small directory takes more than a moment to load on a machine that is busy.
        before = pair_at_work(cluster, one, other, "--no-leave")
        assert stop(one, within=0.0) == 0
        # The group keeps the place, and gives nothing of it away.
        assert cluster.members(GROUP) == before
        one.start(*PATIENT, "--no-leave")
        desk.emit(60)
        desk.wait(meanwhile=lambda: check_members(cluster, before))
    check_once(desk)


def check_members(cluster: Cluster, wanted: dict[str, set[int]]) -> None:
    assert cluster.members(GROUP) == wanted


@pytest.mark.slow
def test_one_that_leaves_is_stood_in_for_at_once(cluster: Cluster, tmp_path: Path) -> None:
    desk = Desk(cluster)
    with engines(cluster, tmp_path, "one", "other") as (one, other):
        pair_at_work(cluster, one, other, "--leave")
        assert stop(one, within=0.0) == 0
        # No session has to end first, which takes half a minute here: its place is gone with it.
        until(lambda: cluster.members(GROUP) == {"other": set(range(PARTITIONS))}, 25)
        desk.emit(60)
        desk.wait()
    check_once(desk)


@pytest.mark.parametrize("hangs", [False, True], ids=["Kafka answers", "Kafka hangs"])
def test_somebody_who_watches_the_lag_need_not_wait(
    lone_cluster: Cluster, lone: NativeBroker, tmp_path: Path, hangs: bool
) -> None:
    Desk(lone_cluster)
    on = ["--kafka", lone_cluster.bootstrap, "--prefix", lone_cluster.prefix]
    lag = Stoppable(tmp_path / "log", "lag", "--watch", "--json", "--window=1", *on, up='"group"')
    with lag.running():
        try:
            if hangs:
                lone.pause()
            assert lag.stop(within=2.0) in ((0, CUT) if hangs else (0,))
        finally:
            lone.resume()
