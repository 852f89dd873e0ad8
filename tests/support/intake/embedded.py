"""`tocsin up --http` as a process of its own, with one contact to tell, and a client to post and ask with."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import httpx

from tests.support.helpdesk.events import Helpdesk
from tests.support.helpdesk.files import write_directory

TOKEN: Final = "a-token-of-the-tests"
HOOK_SECRET: Final = "the-secret-of-this-helpdesk"
HEADERS: Final = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/cloudevents+json"}


def command(folder: Path, *options: str) -> list[str]:
    desk = Helpdesk()
    desk.contact("ct-1", "contract/C-7")
    directory = write_directory(folder / "directory", desk)
    told = ["up", "--data", str(folder / "data"), "--directory", str(directory), "--from", "a@desk.example"]
    return [*told, "--tls", "none", *options]


@contextmanager
def up(folder: Path, http: str, *options: str) -> Iterator[httpx.Client]:
    tocsin = str(Path(sys.executable).with_name("tocsin"))
    secrets = f"generic=the-one-of-scripts zammad={HOOK_SECRET}"
    environment = {**os.environ, "TOCSIN_HTTP_TOKEN": TOKEN, "TOCSIN_INTAKE_SECRETS": secrets}
    told = [tocsin, *command(folder, "--http", http, *options)]
    with (
        httpx.Client(base_url=f"http://{http}") as client,
        subprocess.Popen(told, env=environment, stderr=subprocess.PIPE, text=True) as process,
    ):
        assert process.stderr is not None
        assert next(line for line in process.stderr if '"up"' in line)
        # A pipe that nobody reads would hold the process up once it is full.
        threading.Thread(target=deque, args=(process.stderr, 0), daemon=True).start()
        try:
            yield client
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0
