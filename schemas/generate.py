"""Writes the published JSON Schemas (draft 2020-12) from the types.

`python -m schemas.generate`, `--check` to compare only.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, Final

import msgspec

from schemas.decision import DecisionRecord
from schemas.directory import ModeRecord, Record
from schemas.event import TicketCloudEvent
from schemas.job import Job
from schemas.outcome import Outcome
from schemas.rule_file import RuleFile

FOLDER: Final = Path(__file__).parent / "json"

DRAFT: Final = "https://json-schema.org/draft/2020-12/schema"

PUBLISHED: Final[dict[str, tuple[Any, str]]] = {
    "ticket-event": (TicketCloudEvent, "A ticket event: CloudEvents 1.0, structured content mode."),
    "directory-record": (Record, "A record of the directory; `kind` says which."),
    "mode": (ModeRecord, "A mode of reception of a person."),
    "job": (Job, "A notification job."),
    "decision": (DecisionRecord, "What became of one event."),
    "outcome": (Outcome, "What became of one job."),
    "rule-file": (RuleFile, "A rule file."),
}


def schemas() -> dict[str, str]:
    """The text of every schema, by the name of its file."""
    return {f"{name}.schema.json": _schema(name, kind, title) for name, (kind, title) in PUBLISHED.items()}


def _schema(name: str, kind: Any, title: str) -> str:
    body = msgspec.json.schema(kind)
    head = {"$schema": DRAFT, "$id": f"urn:tocsin:schema:{name}", "title": title}
    text = msgspec.json.format(msgspec.json.encode({**head, **body}, order="sorted"), indent=2)
    return text.decode() + "\n"


def stale() -> list[str]:
    """The files that differ from the types, or should not be there."""
    wanted = schemas()
    there = {file.name: file.read_text() for file in FOLDER.glob("*.json")}
    return sorted(name for name in wanted.keys() | there.keys() if wanted.get(name) != there.get(name))


def main(arguments: list[str]) -> int:
    """Write the files, or with --check say which are stale: the exit code is then 1."""
    names = stale()
    if arguments == ["--check"]:
        sys.stdout.writelines(f"stale: {name}: run `make schemas`\n" for name in names)
        return 1 if names else 0
    FOLDER.mkdir(exist_ok=True)
    for name, text in schemas().items():
        (FOLDER / name).write_text(text)
    sys.stdout.writelines(f"written: {name}\n" for name in names)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
