"""Two engines that are restarted one after the other: decisions pause for a moment, however long a directory loads."""

from __future__ import annotations

import signal
import time
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from adapters.kafka.appender import KafkaAppender
from bench.made_up import Size, collaborator, contacts
from schemas.log import NewRecord
from schemas.topics import DIRECTORY
from tests.faults.decision_stream import DecisionStream
from tests.faults.engines import GROUP, PARTITIONS, Desk, Engine, check_once, engines, until
from tests.kafka.members import settings_of
from tests.support.brokers.cluster import Cluster
from tests.support.helpdesk.files import created

pytestmark = [pytest.mark.kafka, pytest.mark.alone, pytest.mark.timeout(180)]

SESSION = 4.0
LONG_LOAD = 5.0
"""Longer than the session: a place that is kept is lost before its engine is back."""
LONGEST_PAUSE = 3.0
RECORDS = 20_000
SETTLED_WITHIN = 30.0


def fill(cluster: Cluster) -> None:
    """Add people whom no contract reaches: a directory is as large as all of them."""
    size = Size(contracts=RECORDS // 10, people=RECORDS)
    people = [one for number in range(size.contracts) for one in contacts(size, number)]
    people += [collaborator(number) for number in range(size.collaborators)]
    with closing(KafkaAppender(settings_of(cluster))) as appender:
        appender.append(
            NewRecord(DIRECTORY, f"{one['kind']}/{one['id']}".encode(), msgspec.json.encode(one)) for one in people
        )


def longest_pauses(cluster: Cluster, folder: Path, restarts: int, *options: str) -> list[float]:
    """Restart two engines, one after the other, under a steady stream; how long decisions paused in each restart."""
    desk = Desk(cluster)
    fill(cluster)
    stream = DecisionStream(cluster, PARTITIONS, lambda number, ticket: created(number, id=ticket))
    options = (f"--session={SESSION}", f"--load={LONG_LOAD}", "--within=60", *options)
    with engines(cluster, folder, "one", "other") as pair:
        for engine in pair:
            engine.start(*options)
        wait_until_shared(cluster)
        with stream.running():
            spans = [restart(cluster, engine, *options) for engine in pair[:restarts]]
        desk.wait()
        desk.sent = list(stream.sent)
        check_once(desk)
        return stream.longest_pauses(spans)


def restart(cluster: Cluster, engine: Engine, *options: str) -> tuple[float, float]:
    """Stop an engine and start it again; from when to when that was."""
    since = time.time()
    assert engine.end(signal.SIGTERM) == 0
    engine.start(*options)
    until(engine.is_up)
    wait_until_shared(cluster)
    return since, time.time()


def wait_until_shared(cluster: Cluster) -> None:
    """Until both have partitions, and as many of them."""
    until(lambda: sorted(map(len, cluster.members(GROUP).values())) == [PARTITIONS // 2] * 2)


def test_decisions_pause_for_a_moment_alone(cluster: Cluster, tmp_path: Path) -> None:
    pauses = longest_pauses(cluster, tmp_path, 2)
    assert max(pauses) < LONGEST_PAUSE, pauses
    for name in ("one", "other"):
        assert "takes longer to load" in (tmp_path / f"{name}.log").read_text()


@pytest.mark.slow
def test_where_places_are_kept_a_long_load_stops_decisions(cluster: Cluster, tmp_path: Path) -> None:
    """The control: what the check would see if nobody left."""
    pauses = longest_pauses(cluster, tmp_path, 1, "--no-leave")
    assert min(pauses) > LONGEST_PAUSE, pauses
