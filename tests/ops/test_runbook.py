"""Every command of the runbook is one that its program takes. Those that only look are run, in the incident test."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from schemas.vocabulary import Reason
from tests.support.documents.command_lines import parse
from tests.support.documents.pages import blocks

ROOT = Path(__file__).parents[2]
RUNBOOK = ROOT / "docs" / "runbook.md"
COMMANDS = sorted({line for text in blocks(RUNBOOK, "sh") for line in text.splitlines() if line})
SERVICES = set(YAML(typ="safe").load(ROOT / "docker-compose.yml")["services"])
COMPOSE = {"logs": {"--since"}, "up": {"--detach"}, "restart": set[str](), "ps": set[str]()}
"""What the runbook asks of Docker Compose, and with which options."""
TAKE_A_VALUE = {"--since"}


def words_of(line: str) -> list[str]:
    return shlex.split(line, comments=True)


def compose(words: list[str]) -> None:
    """Docker Compose is not at hand where tests run: the options are known ones, and the services those of the file."""
    options = [word for word in words[1:] if word.startswith("-")]
    assert set(options) <= COMPOSE[words[0]]
    values = {words[number + 1] for number, word in enumerate(words) if word in TAKE_A_VALUE}
    named = {word for word in words[1:] if not word.startswith("-")} - values
    assert named
    assert named <= SERVICES


@pytest.mark.parametrize("line", COMMANDS)
def test_a_command_is_one_that_its_program_takes(line: str) -> None:
    words = words_of(line)
    match words:
        case ["tocsin", *rest]:
            assert parse(rest)
        case ["docker", "compose", *rest]:
            compose(rest)
        case ["curl", *options, url]:
            assert set(options) <= {"-s", "-sS", "--max-time", "10", "-X", "NOOP"}
            assert re.fullmatch(
                r"http://(?:engine|sender|intake)-1:9464/(?:livez|readyz|metrics)|smtp://relay\.example:25", url
            )
        case _:
            assert words == ["df", "-h", "."]


def test_the_reasons_that_it_names_exist() -> None:
    section = RUNBOOK.read_text().partition("\n## TocsinEventsReachNobody\n")[2].partition("\n## ")[0]
    named = set(re.findall(r"`([a-z]+_[a-z_]+)`", section))
    assert named
    assert named <= {reason.value for reason in Reason}


def test_its_links_lead_somewhere() -> None:
    text = RUNBOOK.read_text()
    anchors = {heading.lower() for heading in re.findall(r"^## (\w+)$", text, re.MULTILINE)}
    for link in re.findall(r"\]\(([^)]+)\)", text):
        file, _, anchor = link.partition("#")
        assert (ROOT / "docs" / file).exists() if file else anchor in anchors
