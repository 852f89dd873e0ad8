"""The server of the tests ends with the run that started it, however that ends."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.support.brokers.native import HOST

pytestmark = pytest.mark.postgres

RUN = """
from tests.support.databases.native import NativePostgres
server = NativePostgres()
server.start()
print(server.port, server._folder, flush=True)
input()
"""


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((HOST, port)) == 0


def test_a_run_that_is_killed_leaves_no_server_behind() -> None:
    command = [sys.executable, "-c", RUN]
    with subprocess.Popen(command, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as run:
        assert run.stdout is not None
        port, folder = run.stdout.readline().split()
        assert listens(int(port))
        run.kill()
    pause = threading.Event()
    for _ in range(200):
        if not listens(int(port)) and not Path(folder).exists():
            return
        pause.wait(0.05)
    raise AssertionError("the server still runs, or its folder is there")
