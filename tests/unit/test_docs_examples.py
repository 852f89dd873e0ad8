"""What README and docs show works: JSON is read as what it stands for, commands exist, Python compiles."""

from __future__ import annotations

import json
import re
from base64 import b64decode
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest
from jsonschema import Draft202012Validator
from typer.exceptions import TyperException

from intake.states.seeding import seeded
from schemas.decision import DecisionRecord
from schemas.directory import record_from_data
from schemas.event import Event, read_event
from schemas.generate import FOLDER
from schemas.outcome import Outcome
from schemas.outcome_posts import TicketPost
from tests.support.documents.command_lines import mention, parse, shown_in
from tests.support.documents.pages import blocks, prose
from tests.support.helpdesk.events import NOW
from tocsin.operations.seeding import exported

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
SHELL = ("", "sh")
EXAMPLES = [(page.name, text) for page in PAGES for text in blocks(page, "json")]
COMMANDS = [(page.name, line) for page in PAGES for text in blocks(page, *SHELL) for line in shown_in(text)]
EVENT_SCHEMA = Draft202012Validator(json.loads((FOLDER / "ticket-event.schema.json").read_text()))


def event(shown: dict[str, Any]) -> Event:
    EVENT_SCHEMA.validate(shown)
    return read_event(json.dumps(shown).encode(), NOW)


def binary(shown: dict[str, Any]) -> None:
    """The value alone: the headers stand in the block of text before it."""
    (headers,) = blocks(ROOT / "docs" / "events.md", "text")
    attributes = dict(line.split(": ", 1) for line in headers.strip().splitlines())
    read_event(json.dumps(shown).encode(), NOW, {name: text.encode() for name, text in attributes.items()})


def posted(shown: dict[str, Any]) -> None:
    """A record for a REST proxy: its value is an event, its key that event's ticket."""
    headers = {header["name"]: b64decode(header["value"]) for header in shown["headers"]}
    assert headers == {"content-type": b"application/cloudevents+json"}
    assert b64decode(shown["key"]["data"]).decode() == event(shown["value"]["data"]).ticket.id


def exactly(kind: Any) -> Callable[[dict[str, Any]], None]:
    """The example has all fields of this type, and no other."""

    def read(shown: dict[str, Any]) -> None:
        assert msgspec.to_builtins(msgspec.convert(shown, kind)) == shown

    return read


def of_an_export(shown: dict[str, Any]) -> None:
    _, state = seeded(exported(json.dumps(shown).encode()), NOW)
    assert {name: state.ticket[name] for name in shown["ticket"]} == shown["ticket"]


READERS: dict[str, Callable[[dict[str, Any]], object]] = {
    "specversion": event,
    "ticket,previous": binary,
    "source,time,ticket": of_an_export,
    "key,headers,value": posted,
    "kind": record_from_data,
    "skipped": exactly(DecisionRecord),
    "state": exactly(Outcome),
    "type,timestamp": exactly(TicketPost),
}
"""By members that tell what an example is."""

ELSEWHERE: Final = ("kind", "type,timestamp")
"""They are shown on pages of their own."""


@pytest.mark.parametrize(("page", "text"), EXAMPLES)
def test_an_example_is_read_as_what_it_stands_for(page: str, text: str) -> None:
    shown = json.loads(text)
    (reader,) = (read for names, read in READERS.items() if all(name in shown for name in names.split(",")))
    reader(shown)


def test_the_page_for_the_platform_shows_each_kind() -> None:
    shown = " ".join(text for page, text in EXAMPLES if page == "events.md")
    assert all(f'"{name}"' in shown for names in READERS if names not in ELSEWHERE for name in names.split(","))


def test_readme_shows_the_same_event_as_the_page_or_none() -> None:
    pages = {text for page, text in EXAMPLES if page == "README.md"}
    assert pages <= {text for page, text in EXAMPLES if page == "events.md"}


@pytest.mark.parametrize(("page", "line"), COMMANDS, ids=lambda given: given if isinstance(given, str) else given[0])
def test_a_command_that_is_shown_exists_with_its_options(page: str, line: list[str]) -> None:
    # What it leaves out may stand in a settings file that it names.
    assert (mention if "--settings" in line else parse)(line)


@pytest.mark.parametrize(
    "line", [["emit", "--nope", "-"], ["emitt", "-"], ["topics"], ["engine", "--kafka", "broker:9092"]]
)
def test_a_command_that_does_not_exist_so_is_noticed(line: list[str]) -> None:
    with pytest.raises((ValueError, TyperException)):
        parse(line)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_command_in_a_sentence_exists_with_its_options(page: Path) -> None:
    for text in re.findall(r"`tocsin ([^`]+)`", prose(page)):
        assert mention(text.split())


@pytest.mark.parametrize("text", blocks(ROOT / "docs" / "events.md", "python"))
def test_python_compiles(text: str) -> None:
    compile(text, "docs/events.md", "exec")
