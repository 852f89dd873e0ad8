"""The broker that tests talk to: a real one, always. What stands in for Kafka elsewhere keeps fewer promises."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest

from tests.support.brokers.cluster import Cluster
from tests.support.brokers.native import NativeBroker, why_not

IMAGE = "confluentinc/cp-kafka:7.9.2"


class Broker(Protocol):
    """A broker that runs."""

    bootstrap: str


class GivenBroker:
    """A broker that somebody else runs, named by KAFKA_BOOTSTRAP."""

    def __init__(self, bootstrap: str) -> None:
        self.bootstrap = bootstrap


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """The broker of KAFKA_BOOTSTRAP; else one in a container, where a Docker engine answers; else one of its own."""
    given = os.environ.get("KAFKA_BOOTSTRAP")
    if given:
        yield GivenBroker(given)
    elif docker_answers():
        yield from _in_a_container()
    else:
        missing = why_not()
        if missing is not None:
            pytest.fail(f"no broker: {missing}; or set KAFKA_BOOTSTRAP=HOST:PORT; or leave these out: -m 'not kafka'")
        yield from _of_its_own(tmp_path_factory.mktemp("broker"))


@pytest.fixture
def mortal(broker: Broker) -> NativeBroker:
    """The broker, where it is ours to kill."""
    if not isinstance(broker, NativeBroker):
        pytest.skip("only a broker that this run has started as a process can be killed")
    return broker


@pytest.fixture
def lone(mortal: NativeBroker, tmp_path: Path) -> Iterator[NativeBroker]:
    """A broker of the test's own that can hang and keeps its partitions.

    As a rule a controller takes a broker that hangs for dead. With one replica the partitions have no leader then, and
    Apache Kafka 4.3.1 drops the marks of transactions that end before they have one again: what was aborted may count.
    """
    folder = tmp_path / "lone-broker"
    folder.mkdir()
    made = NativeBroker(folder, "broker.session.timeout.ms=120000\n")
    made.start()
    try:
        yield made
    finally:
        made.resume()
        made.kill()


@pytest.fixture
def lone_cluster(lone: NativeBroker) -> Iterator[Cluster]:
    """The test's own broker, as `cluster` is of that of all."""
    with Cluster(lone.bootstrap) as made:
        yield made


@pytest.fixture
def cluster(broker: Broker) -> Iterator[Cluster]:
    """The broker, under a prefix of topic names and groups that belongs to one test."""
    with Cluster(broker.bootstrap) as made:
        yield made


def _of_its_own(folder: Path) -> Iterator[NativeBroker]:
    native = NativeBroker(folder)
    native.start()
    try:
        yield native
    finally:
        native.kill()


def docker_answers() -> bool:
    """Whether a Docker engine is there, and answers."""
    docker = shutil.which("docker")
    if docker is None:
        return False
    try:
        return subprocess.run([docker, "info"], capture_output=True, timeout=10, check=False).returncode == 0
    except subprocess.TimeoutExpired:
        return False


def _in_a_container() -> Iterator[Broker]:
    from testcontainers.community.kafka import KafkaContainer  # noqa: PLC0415 - needs a Docker engine to be imported

    container = KafkaContainer(IMAGE).with_kraft()
    for name, value in {
        "KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR": 1,
        "KAFKA_TRANSACTION_STATE_LOG_MIN_ISR": 1,
        "KAFKA_TRANSACTION_ABORT_TIMED_OUT_TRANSACTION_CLEANUP_INTERVAL_MS": 1000,
        "KAFKA_GROUP_MIN_SESSION_TIMEOUT_MS": 1000,
        "KAFKA_AUTO_CREATE_TOPICS_ENABLE": "false",
    }.items():
        container.with_env(name, str(value))
    with container as running:
        yield GivenBroker(running.get_bootstrap_server())
