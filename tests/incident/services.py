"""Engines and a sender, as an operator runs them."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from typing import IO
from urllib.error import URLError
from urllib.request import urlopen

from adapters.mailbox.mailbox import HOST
from tests.support.brokers.cluster import Cluster
from tests.support.mail.relays.postfix import free_port

PROGRAM = """
import sys
import tocsin.services.monitoring.lag as lag, tocsin.services.monitoring.sender as ledger
lag.LAG_EVERY = ledger.LOOK_EVERY = 1.0
from tocsin.cli import main
main()
"""
"""The command line, which looks at lag and ledger more often than it usually does."""


class Service:
    """`tocsin engine` or `tocsin sender`, killed and started again."""

    def __init__(self, cluster: Cluster, folder: Path, instance: str, command: list[str]) -> None:
        self.port = free_port()
        self.target = f"{HOST}:{self.port}"
        self.log = folder / f"{instance}.log"
        self._process: subprocess.Popen[bytes] | None = None
        self._file: IO[bytes] | None = None
        on = ["--kafka", cluster.bootstrap, "--prefix", cluster.prefix, "--instance", instance, "--listen", self.target]
        self._command = [sys.executable, "-c", PROGRAM, *command, *on]

    def start(self) -> None:
        self._file = self.log.open("ab")
        self._process = subprocess.Popen(self._command, stdout=self._file, stderr=self._file)

    def end(self, number: signal.Signals = signal.SIGKILL) -> int:
        """End it by a signal, if it runs. Returns its exit code."""
        if self._process is None:
            return 0
        self._process.send_signal(number)
        code = self._process.wait(60)
        self._process = None
        if self._file is not None:
            self._file.close()
        return code

    def get(self, path: str) -> str | None:
        """What it answers with 200; None for anything else."""
        try:
            with urlopen(f"http://{self.target}{path}", timeout=5) as answer:
                text: str = answer.read().decode()
                return text
        except (URLError, OSError):
            return None

    def is_ready(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self.log.read_text()[-3_000:]
        return self.get("/readyz") is not None
