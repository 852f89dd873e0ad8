"""`tocsin up --http` with the directory of all helpdesks, and a client to post with."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import httpx
import pytest

from tests.faults.stoppable import Stoppable
from tests.support.helpdesks.world import directory, secrets
from tests.support.intake.service import a_free_address

TOKEN: Final = "a-token-of-the-tests"


class UpDoor:
    """An installation in a folder, whose relay listens at this port. It may be started again and again."""

    def __init__(self, folder: Path, relay: int) -> None:
        folder.mkdir(exist_ok=True)
        (folder / "directory").mkdir(exist_ok=True)
        (folder / "directory" / "all.jsonl").write_text("\n".join(map(json.dumps, directory())))
        self.address = a_free_address()
        self.database = folder / "data" / "tocsin.db"
        places = {"--data": folder / "data", "--directory": folder / "directory", "--from": "support@desk.example"}
        ways = {"--smtp": f"127.0.0.1:{relay}", "--tls": "none", "--http": self.address, "--listen": self.address}
        given = [str(part) for pair in (places | ways).items() for part in pair]
        self.service = Stoppable(folder / "log", "up", "--storm-limit=0", *given)

    @contextmanager
    def running(self) -> Iterator[httpx.Client]:
        """Start it; it is killed at the end of the block."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setitem(os.environ, "TOCSIN_HTTP_TOKEN", TOKEN)
            patch.setitem(os.environ, "TOCSIN_INTAKE_SECRETS", secrets())
            with self.service.running(), httpx.Client(base_url=f"http://{self.address}", timeout=30) as client:
                yield client
