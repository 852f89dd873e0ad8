"""The production shape, as its documentation says: a broker, PostgreSQL, two engines, two senders, and Prometheus."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO
from urllib.error import URLError
from urllib.request import urlopen

from adapters.kafka.topics import create_topics
from tests.faults.engines import until
from tests.incident.prometheus_server import Prometheus, prometheus
from tests.kafka.members import settings_of
from tests.support.brokers.cluster import Cluster
from tests.support.brokers.native import HOST, NativeBroker
from tests.support.databases.native import NativePostgres
from tests.support.mail.relays.postfix import free_port
from tests.support.mail.relays.stoppable import Relay

PARTITIONS = 12
PREFIX = "night."
ENGINES = "tocsin-engine"
SENDERS = "tocsin-sender"
STARTS_WITHIN = 120.0
UNKNOWN_AFTER = 12
"""Minutes before a message that may have arrived is tried again: the usual half hour would outlast the night."""
PROGRAM = "from tocsin.cli import main; main()"


class Service:
    """One `tocsin engine` or `tocsin sender`, under a supervisor that starts it again where it ends by itself."""

    def __init__(self, folder: Path, name: str, command: Sequence[str]) -> None:
        self.name = name
        self.target = f"{HOST}:{free_port()}"
        self.log = folder / f"{name}.log"
        self.ended_by_itself: list[int] = []
        """Exit codes, where nobody had told it to end."""
        self._command = [sys.executable, "-c", PROGRAM, *command, "--instance", name, "--listen", self.target]
        self._process: subprocess.Popen[bytes] | None = None
        self._file: IO[bytes] | None = None

    def start(self) -> None:
        self._file = self.log.open("ab")
        environment = os.environ | {"TOCSIN_LOG_FORMAT": "json", "TOCSIN_DELIVERY_UNKNOWN_AFTER": str(UNKNOWN_AFTER)}
        self._process = subprocess.Popen(self._command, stdout=self._file, stderr=self._file, env=environment)

    def end(self, number: signal.Signals) -> int:
        """End it by a signal. Returns its exit code."""
        if self._process is None:
            return 0
        self._process.send_signal(number)
        code = self._process.wait(90)
        self._process = None
        if self._file is not None:
            self._file.close()
        return code

    def supervise(self) -> None:
        """Start it again where it has ended by itself."""
        if self._process is not None and self._process.poll() is not None:
            self.ended_by_itself.append(self._process.returncode)
            self._process = None
            self.start()

    def is_ready(self) -> bool:
        try:
            with urlopen(f"http://{self.target}/readyz", timeout=5) as answer:
                return bool(answer.status == 200)
        except (URLError, OSError):
            return False


class Stack:
    """All of it, at work."""

    def __init__(self, folder: Path, cluster: Cluster, postgres: NativePostgres, relay: Relay) -> None:
        self.cluster = cluster
        self.postgres = postgres
        self.relay = relay
        self.ledger_url = postgres.url("postgres")
        on = ["--kafka", cluster.bootstrap, "--prefix", cluster.prefix]
        mail = ["--smtp", f"{HOST}:{relay.port}", "--tls", "none", "--from", "Support <support@desk.example>"]
        self.engines = [Service(folder, f"engine-{one}", ["engine", *on]) for one in (1, 2)]
        self.senders = [
            Service(folder, f"sender-{one}", ["sender", *on, *mail, *self._ledger(folder / f"data-{one}")])
            for one in (1, 2)
        ]
        self.prometheus: Prometheus

    @property
    def services(self) -> list[Service]:
        return [*self.engines, *self.senders]

    def are_ready(self) -> bool:
        return all(service.is_ready() for service in self.services)

    def _ledger(self, data: Path) -> list[str]:
        return ["--data", str(data), "--ledger", self.ledger_url]


@contextmanager
def stack(folder: Path) -> Iterator[Stack]:
    """Start all of it; at the end all of it is killed."""
    with ExitStack() as undo:
        broker = NativeBroker(_made(folder / "broker"))
        undo.callback(broker.kill)
        broker.start()
        cluster = undo.enter_context(Cluster(broker.bootstrap, PREFIX))
        create_topics(settings_of(cluster), PARTITIONS, replication=1)
        postgres = NativePostgres()
        undo.callback(postgres.remove)
        postgres.start()
        relay = Relay(folder / "mail")
        undo.callback(relay.close)
        relay.start()
        made = Stack(folder, cluster, postgres, relay)
        for service in made.services:
            undo.callback(service.end, signal.SIGKILL)
            service.start()
        until(made.are_ready, STARTS_WITHIN)
        targets = {ENGINES: [one.target for one in made.engines], SENDERS: [one.target for one in made.senders]}
        made.prometheus = undo.enter_context(prometheus(folder / "prometheus", targets, factor=1))
        (folder / "targets.json").write_text(json.dumps({one.target: one.name for one in made.services}))
        yield made


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True)
    return folder
