"""`tocsin intake serve` as a process of its own, on a real broker and database, and a client to post with."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import IO, Any, Final

import httpx

from schemas.log import NewRecord
from schemas.topics import DEAD_LETTERS, DIRECTORY, TICKETS
from tests.support.brokers.cluster import Cluster

HOST: Final = "127.0.0.1"
TOKEN: Final = "a-token-of-the-tests"
SECRET: Final = "the-one-of-scripts"
OF_EVENTS: Final = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/cloudevents+json"}
OF_HOOKS: Final = {"Authorization": f"Bearer {SECRET}"}
PATIENCE: Final = 60.0


def a_free_address() -> str:
    with socket.socket() as bound:
        bound.bind((HOST, 0))
        return f"{HOST}:{bound.getsockname()[1]}"


def topics_of_the_intake(cluster: Cluster, partitions: int = 1) -> None:
    cluster.create(TICKETS, partitions=partitions)
    cluster.create(DEAD_LETTERS, DIRECTORY)


def directory_record(record: dict[str, Any]) -> NewRecord:
    return NewRecord(DIRECTORY, f"{record['kind']}/{record['id']}".encode(), json.dumps(record).encode())


class Intake:
    """A process of the intake. `client` asks it; probes are at the same address."""

    def __init__(
        self, cluster: Cluster, database: str, instance: str = "one", *options: str, secrets: str = f"generic={SECRET}"
    ) -> None:
        self.address = a_free_address()
        places = ["--kafka", cluster.bootstrap, "--prefix", cluster.prefix, "--ledger", database]
        ports = ["--http", self.address, "--listen", self.address, "--instance", instance]
        self._command = [sys.executable, "-c", "from tocsin.cli import main; main()", "intake", "serve"]
        self._command += [*places, *ports, *options]
        self._secrets = secrets
        self._said: list[str] = []
        self._process: subprocess.Popen[str] | None = None

    @contextmanager
    def running(self, ready: bool = True) -> Iterator[httpx.Client]:
        """Start it, and wait until it is ready, or at least up; it is killed at the end, where it still runs."""
        environment = {**os.environ, "TOCSIN_HTTP_TOKEN": TOKEN, "TOCSIN_INTAKE_SECRETS": self._secrets}
        with (
            httpx.Client(base_url=f"http://{self.address}", timeout=30) as client,
            subprocess.Popen(self._command, env=environment, stderr=subprocess.PIPE, text=True) as process,
        ):
            self._process = process
            assert process.stderr is not None
            reader = threading.Thread(target=self._listen, args=(process.stderr,))
            reader.start()
            try:
                self.wait_until(lambda: is_ready(client) if ready else self.says('"event":"up"'))
                yield client
            finally:
                process.kill()
                process.wait()
                reader.join()

    def wait_until(self, holds: Any, patience: float = PATIENCE) -> None:
        """Wait until this holds, as long as it works."""
        assert self._process is not None
        pause = threading.Event()
        for _ in range(int(patience / 0.05)):
            if holds():
                return
            assert self._process.poll() is None, "".join(self._said)
            pause.wait(0.05)
        raise AssertionError("".join(self._said[-20:]))

    def says(self, words: str) -> bool:
        """Whether its log has these words."""
        return any(words in line for line in self._said)

    def signal(self, number: signal.Signals = signal.SIGTERM) -> None:
        """Tell it to stop."""
        assert self._process is not None
        self._process.send_signal(number)

    def ended(self) -> int:
        """Its exit code, once it has ended."""
        assert self._process is not None
        return self._process.wait(PATIENCE)

    def _listen(self, log: IO[str]) -> None:
        for line in log:
            self._said.append(line)


def is_ready(client: httpx.Client) -> bool:
    """Whether all that it needs is there."""
    with suppress(httpx.TransportError):
        return client.get("/readyz").status_code == 200
    return False
