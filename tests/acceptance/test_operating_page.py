"""The page for operators says what is so: its tables are those of the code, and its examples print what they show."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
import time_machine
from typer.testing import CliRunner

from sender.delivery_mode import Mode
from sender.states import FINISHED, TABLE, Hold, State
from tests.support.documents.pages import blocks, prose
from tests.support.sender.operated_ledger import NOW, filled
from tocsin.cli.app import app

PAGE = Path(__file__).parents[2] / "docs" / "operating-jobs.md"


def rows(first_head: str) -> list[list[str]]:
    """The rows of the table whose first column has this head."""
    tables = re.findall(r"(?:^\|.*\n)+", PAGE.read_text(), re.MULTILINE)
    (found,) = (table for table in tables if table.startswith(f"| {first_head} |"))
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in found.strip().splitlines()[2:]]


def code(text: str) -> list[str]:
    return re.findall(r"`([^`]+)`", text)


def test_all_states_and_holds_and_modes_are_explained() -> None:
    assert [code(row[0]) for row in rows("state")] == [[state.value] for state in State]
    assert [code(row[0]) for row in rows("held by")] == [[hold.value] for hold in Hold]
    assert [code(row[0])[0].partition(":")[0] for row in rows("mode")] == list(Mode)
    ends = re.search(r"((?:`\w+`(?:, | and )?)+) are ends", prose(PAGE))
    assert ends is not None
    assert set(code(ends[1])) == FINISHED


def test_the_table_of_transitions_is_that_of_the_code() -> None:
    shown = {code(what)[0]: (code(sources), code(target)[0]) for what, sources, target, _ in rows("what happens")}
    order = list(State)
    table = {
        transition.value: ([state.value for state in order if state in way.sources], way.target.value)
        for transition, way in TABLE.items()
    }
    assert shown == table
    assert all(meaning for *_, meaning in rows("what happens"))


def examples() -> Iterator[tuple[str, str]]:
    """Each command, and what the page says that it prints."""
    for block in blocks(PAGE, "sh"):
        for part in block.split("$ ")[1:]:
            command, _, output = part.partition("\n")
            yield command, output


def test_each_example_prints_what_the_page_shows(tmp_path: Path) -> None:
    data = filled(tmp_path / "data")
    shown = [*examples()]
    for command, expected in shown:
        arguments = [str(data) if word == "DATA" else word for word in shlex.split(command)[1:]]
        with time_machine.travel(NOW, tick=False):
            result = CliRunner().invoke(app, arguments, catch_exceptions=False)
        assert (result.exit_code, result.output) == (0, expected), command
    assert len(shown) > 12


@pytest.mark.parametrize(
    "name", ["list", "show", "resend", "cancel", "hold", "release", "add", "lift", "pause", "resume", "pauses"]
)
def test_each_command_has_an_example(name: str) -> None:
    assert any(name in shlex.split(command)[1:3] for command, _ in examples())
