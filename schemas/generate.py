"""Writes the published JSON Schemas (draft 2020-12) and the AsyncAPI document from the types.

`python -m schemas.generate`, `--check` to compare only.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any, Final, Literal

import msgspec

from schemas.asyncapi import asyncapi
from schemas.dead_letter import ListedLetter
from schemas.decision import DecisionRecord
from schemas.description import INVISIBLE
from schemas.directory import ModeRecord, Record
from schemas.directory_file import with_lists
from schemas.event import TicketCloudEvent
from schemas.event_conditions import with_conditions
from schemas.explanation import EventExplanation, PastExplanation
from schemas.finding import CheckReport
from schemas.job import Job
from schemas.lag import GroupLag
from schemas.mapping_file import MappingFile
from schemas.mapping_test import MappingTestFile
from schemas.outcome import Outcome
from schemas.outcome_posts import JobPost, TicketPost
from schemas.person_export import Line
from schemas.portable_schema import tidied
from schemas.reading import UNSEEN
from schemas.rule_file import RuleFile, with_partial_defaults
from schemas.rule_test import RuleTestFile, with_records
from schemas.written import as_written

FOLDER: Final = Path(__file__).parent / "json"
ASYNCAPI: Final = Path(__file__).parent / "asyncapi.json"

DRAFT: Final = "https://json-schema.org/draft/2020-12/schema"

PUBLISHED: Final[dict[str, tuple[Any, str]]] = {
    "ticket-event": (TicketCloudEvent, "A ticket event: CloudEvents 1.0, structured content mode."),
    "directory-record": (Record, "A record of the directory on the wire; `kind` says which."),
    "directory-file": (as_written(Record), "A file of the directory, as people write it: records, in a list or one."),
    "mode": (ModeRecord, "A mode of reception of a person."),
    "job": (Job, "A notification job."),
    "decision": (DecisionRecord, "What became of one event."),
    "outcome": (Outcome, "What became of one job."),
    "job-post": (JobPost, "What a helpdesk is told of one message, by webhook."),
    "ticket-post": (TicketPost, "What a helpdesk is told of all messages of one save, by webhook."),
    "rule-file": (RuleFile, "A rule file."),
    "check-report": (CheckReport, "What `tocsin check --format json` writes."),
    "explanation": (EventExplanation, "What `tocsin explain --json` prints of an event."),
    "past-explanation": (PastExplanation, "What `tocsin explain --json` prints of the decisions that were kept."),
    "dead-letter": (ListedLetter, "What `tocsin dlq list --json` prints of each dead letter."),
    "person-export": (Line, "A line of what `tocsin person export` writes; `part` says which."),
    "lag": (GroupLag, "What `tocsin lag --json` prints of each group."),
    "rule-test": (RuleTestFile, "A file of rule tests."),
    "mapping-file": (MappingFile, "A mapping file: how a post of a helpdesk becomes an event."),
    "mapping-test": (MappingTestFile, "A file of tests of a mapping."),
}


def documents() -> dict[Path, str]:
    """The text of every generated file."""
    schemas = {FOLDER / f"{name}.schema.json": _schema(name, *of) for name, of in PUBLISHED.items()}
    return {**schemas, ASYNCAPI: _json(asyncapi())}


OPEN: Final = ("decision", "outcome", "job-post", "ticket-post")
"""Schemas of what anybody may read, over many releases. Readers must pass over words that come later."""


def _schema(name: str, kind: Any, description: str) -> str:
    body = tidied(msgspec.json.schema(kind))
    if name in OPEN:
        body = {**body, "$defs": {one: _opened(part) for one, part in body["$defs"].items()}}
    if kind is RuleFile:
        body = with_partial_defaults(body)
    if kind is TicketCloudEvent:
        body = with_conditions(body)
    if name == "directory-file":
        body = with_lists(body)
    if kind is RuleTestFile:
        # What is added comes from types too, so it is tidied again.
        body = tidied(with_records(body))
    # Code generators name their types by the titles.
    title = "".join(word.capitalize() for word in name.split("-"))
    head = {"$schema": DRAFT, "$id": f"urn:tocsin:schema:{name}", "title": title, "description": description}
    return _json({**head, **body}, order="sorted")


def _opened(part: dict[str, Any]) -> dict[str, Any]:
    """An enumeration becomes a text with today's words as examples. Anything else stays as it is."""
    if "enum" not in part:
        return part
    words = {name: one for name, one in part.items() if name != "enum"}
    told = f"{part.get('description', '')} A later release may have more words: pass over those that you don't know."
    return {**words, "type": "string", "examples": part["enum"], "description": told.strip()}


def _json(document: Any, order: Literal["sorted"] | None = None) -> str:
    text = msgspec.json.format(msgspec.json.encode(document, order=order), indent=2).decode() + "\n"
    # Patterns hold characters that can't be seen. As escapes, people who read the file see them.
    return re.sub(f"(?![ -~\n])[{UNSEEN}{INVISIBLE}]", lambda found: json.dumps(found[0])[1:-1], text)


def stale() -> list[str]:
    """The names of files that differ from the types, are missing, or should not be there."""
    wanted = documents()
    there = {file: file.read_text() for file in (*FOLDER.glob("*.json"), ASYNCAPI) if file.exists()}
    return sorted(file.name for file in wanted.keys() | there.keys() if wanted.get(file) != there.get(file))


def main(arguments: list[str]) -> int:
    """Write the files. With `--check`, only say which are stale; the exit code is 1 where any is."""
    names = stale()
    if arguments == ["--check"]:
        sys.stdout.writelines(f"stale: {name}: run `make schemas`\n" for name in names)
        return 1 if names else 0
    FOLDER.mkdir(exist_ok=True)
    for file, text in documents().items():
        file.write_text(text)
    sys.stdout.writelines(f"written: {name}\n" for name in names)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
