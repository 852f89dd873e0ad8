"""All of Tocsin at work under the eyes of Prometheus, so that a test may break one thing of it."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from kafka.errors import KafkaError

from adapters.kafka.topics import create_topics
from schemas.log import NewRecord
from schemas.topics import DEAD_LETTERS, DIRECTORY, TICKETS
from tests.faults.engines import directory_record, until
from tests.incident.prometheus_server import Prometheus, prometheus
from tests.incident.services import Service
from tests.kafka.members import settings_of
from tests.support.brokers.cluster import Cluster
from tests.support.brokers.native import NativeBroker
from tests.support.helpdesk.events import Helpdesk
from tests.support.helpdesk.files import created
from tests.support.mail.relays.stoppable import Relay

ENGINES: Final = "tocsin-engine"
SENDERS: Final = "tocsin-sender"


class Installation:
    """Engines and a sender, and a Prometheus for which times are `factor` times as short as the rules say."""

    def __init__(self, folder: Path, cluster: Cluster, engines: int, factor: int) -> None:
        self.cluster = cluster
        self.factor = factor
        self.relay = Relay(folder / "mail")
        self.engines = [Service(cluster, folder, f"engine-{one + 1}", ["engine"]) for one in range(engines)]
        mail = ["--smtp", f"127.0.0.1:{self.relay.port}", "--tls", "none", "--from", "Support <support@desk.example>"]
        self.data = folder / "data"
        data = ["--data", str(self.data), "--storm-limit", "0"]
        self.sender = Service(cluster, folder, "sender-1", ["sender", *mail, *data])
        self.prometheus: Prometheus
        self._sent = 0
        self._poison = threading.Event()
        self._rests = threading.Event()
        self._stop = threading.Event()

    @property
    def services(self) -> list[Service]:
        return [*self.engines, self.sender]

    @contextmanager
    def working(self, folder: Path) -> Iterator[None]:
        """Start all, and let tickets be saved, a few a second."""
        with ExitStack() as stack:
            stack.callback(self.relay.close)
            self.relay.start()
            for service in self.services:
                stack.callback(service.end)
                service.start()
            until(lambda: all(service.is_ready() for service in self.services), 90)
            targets = {ENGINES: [one.target for one in self.engines], SENDERS: [self.sender.target]}
            self.prometheus = stack.enter_context(prometheus(folder / "prometheus", targets, self.factor))
            thread = threading.Thread(target=self._save_tickets)
            thread.start()
            stack.callback(thread.join)
            stack.callback(self._stop.set)
            until(lambda: self.relay.count() > 0, 60)
            # It begins to look some seconds after its start, and what it has not seen yet is missing to it.
            until(lambda: self._seen() == len(self.services), 60, lambda: time.sleep(0.1))
            yield

    def _seen(self) -> int:
        return sum(value == 1 for _, value in self.prometheus.query("up"))

    @contextmanager
    def poisoned(self) -> Iterator[None]:
        """As many records that are no events as events, within the block."""
        with _during(self._poison):
            yield

    @contextmanager
    def idle(self) -> Iterator[None]:
        """Nobody saves a ticket within the block."""
        with _during(self._rests):
            yield

    def _save_tickets(self) -> None:
        while not self._stop.wait(0.25):
            if self._rests.is_set():
                continue
            self._sent += 1
            event = created(self._sent) | {"time": datetime.now(UTC).isoformat()}
            self.cluster.append([NewRecord(TICKETS, b"T-%d" % self._sent, json.dumps(event).encode())])
            if self._poison.is_set():
                self.cluster.append(NewRecord(TICKETS, None, b"rubbish") for _ in range(2))


@contextmanager
def _during(event: threading.Event) -> Iterator[None]:
    event.set()
    try:
        yield
    finally:
        event.clear()


@contextmanager
def small_installation(folder: Path, cluster: Cluster, people: int = 1, factor: int = 15) -> Iterator[Installation]:
    """One engine and a sender at work, on a broker that is there. Each save alerts all the people."""
    _make_topics(cluster)
    _load_directory(cluster, people)
    made = Installation(folder, cluster, engines=1, factor=factor)
    with made.working(folder):
        yield made


class LargeInstallation(Installation):
    """Two engines and a sender on two brokers; the second one has the directory, and nothing else."""

    def __init__(self, folder: Path, cluster: Cluster, broker: NativeBroker, directory: NativeBroker) -> None:
        super().__init__(folder, cluster, engines=2, factor=10)
        self.broker = broker
        self.directory = directory


@contextmanager
def large_installation(folder: Path) -> Iterator[LargeInstallation]:
    """A large installation at work."""
    first = NativeBroker(_made(folder / "broker-1"))
    second = NativeBroker(_made(folder / "broker-2"), joins=first)
    with ExitStack() as stack:
        for broker in (first, second):
            stack.callback(broker.kill)
        first.start()
        cluster = stack.enter_context(Cluster(first.bootstrap))
        _make_topics(cluster)
        second.start()
        _move_directory(cluster)
        _load_directory(cluster)
        made = LargeInstallation(folder, cluster, first, second)
        stack.enter_context(made.working(folder))
        yield made


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def _make_topics(cluster: Cluster) -> None:
    """All of them, and Kafka's own, while there is no other broker that could get some of their partitions."""
    create_topics(settings_of(cluster), partitions=4, replication=1)
    with cluster.aborted([NewRecord(DEAD_LETTERS, None, b"never")]):
        pass

    def knows_groups() -> bool:
        try:
            cluster.committed(ENGINES, TICKETS)
        except KafkaError:
            time.sleep(0.1)
            return False
        return True

    until(knows_groups, 60)


def _move_directory(cluster: Cluster) -> None:
    name = cluster.prefix + DIRECTORY
    with cluster.admin() as admin:
        admin.delete_topics([name])
        until(lambda: name not in admin.list_topics(), 30)
        configs = {"cleanup.policy": "compact", "max.message.bytes": "2097152"}
        wanted = {name: {"assignments": {0: [2]}, "configs": configs}}
        admin.create_topics(wanted, wait_for_metadata=True)


def _load_directory(cluster: Cluster, people: int = 1) -> None:
    desk = Helpdesk()
    for number in range(people):
        desk.contact(f"ct-{number + 1}", "contract/C-7")
    cluster.append(directory_record(record) for record in desk.records.values())
