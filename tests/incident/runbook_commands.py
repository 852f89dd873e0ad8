"""The commands of the runbook that look at services, or send dead letters again, run against an installation."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.incident.installation import Installation
from tests.ops.test_runbook import COMMANDS, words_of
from tests.support.documents.command_lines import parse
from tests.support.helpdesk.events import Helpdesk
from tests.support.helpdesk.files import created, write_directory

RULES = Path(__file__).parents[2] / "rules"
SERVICES = {"tocsin engine", "tocsin sender"}
"""These don't end by themselves: that they are understood, and at work here, is all that is asked."""
MENDERS = {"tocsin dlq pass-over"}
"""What they mend is not broken here; see tests/kafka/test_damaged_batches.py."""
JUDGES = {"tocsin lag", "tocsin topics check"}
"""Their exit code 1 says that something is amiss, which is so in an incident."""


class Kit:
    """What the runbook's names stand for here."""

    def __init__(self, installation: Installation, folder: Path) -> None:
        self._installation = installation
        desk = Helpdesk()
        desk.contact("ct-1", "contract/C-7")
        shutil.copytree(RULES, folder / "rules")
        (folder / "event.json").write_text(json.dumps(created(1)))
        self.names = {
            "kafka-1:9092": installation.cluster.bootstrap,
            "engine-1:9464": installation.engines[0].target,
            "sender-1:9464": installation.sender.target,
            "relay.example:25": f"127.0.0.1:{installation.relay.port}",
            "rules.yaml": str(folder / "rules" / "default.yaml"),
            "event.json": str(folder / "event.json"),
            "DATA": str(installation.data),
            "DIR": str(write_directory(folder / "directory", desk)),
        }
        (listed,) = self.run("tocsin dlq list --kafka kafka-1:9092 --code not_json").stdout.splitlines()[:1]
        self.names["0:0"] = re.findall(r"\b\d+:\d+\b", listed)[0]

    def commands(self) -> Iterator[tuple[str, int]]:
        """The commands that can be run here, and the largest exit code that is no failure."""
        for line in COMMANDS:
            words = words_of(line)
            if words[:2] == ["docker", "compose"] or (words[0] == "curl" and shutil.which("curl") is None):
                continue
            name = parse(words[1:]) if words[0] == "tocsin" else words[0]
            if name not in SERVICES | MENDERS:
                yield line, int(name in JUDGES)

    def prepare(self, line: str) -> None:
        """Bring about what a command ends."""
        if line.startswith("tocsin resume "):
            self.run(line.replace("resume", "pause", 1))

    def run(self, line: str) -> subprocess.CompletedProcess[str]:
        words = [self._meant(word) for word in words_of(re.sub(r"--window \d+", "--window 1", line))]
        if words[0] == "tocsin":
            words[:1] = [sys.executable, "-c", "from tocsin.cli import main; main()"]
        environment = os.environ | {"TOCSIN_KAFKA_PREFIX": self._installation.cluster.prefix}
        return subprocess.run(words, capture_output=True, text=True, timeout=60, check=False, env=environment)

    def _meant(self, word: str) -> str:
        for name, meant in self.names.items():
            if word == name or word.endswith(f"/{name}") or f"//{name}/" in word:
                word = word.replace(name, meant)
        return word
