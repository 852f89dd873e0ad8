"""Shows what came of a demo run."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path

import msgspec
from rich.console import Console, Group
from rich.panel import Panel

from schemas.decision import DecidedJob, DecisionRecord
from schemas.log import Record
from tocsin.authoring.preview.rendering import content_of
from tocsin.demo.stage import Stage
from tocsin.printing.tables import Cell, seen, table

_FAINT = "dim"
_DECISION = msgspec.json.Decoder(DecisionRecord)


def decisions_in(records: Iterable[Record]) -> list[DecisionRecord]:
    """The decisions in these records of the log."""
    return [_DECISION.decode(record.value) for record in records if record.value is not None]


def table_of(decisions: Iterable[DecisionRecord]) -> Group:
    """Event → trigger → who, through which categories."""
    columns = ("event", "ticket", "the save means", "who was told, by what, of what, through which categories")
    return table("What each save led to", columns, map(_row, decisions))


def _row(decision: DecisionRecord) -> tuple[Cell, ...]:
    told = tuple(piece for job in decision.jobs for piece in _told(job))[:-1]
    nobody = ((f"nobody: {_why_nobody(decision)}", _FAINT),)
    return decision.event, decision.ticket, ", ".join(decision.triggers) or "—", told or nobody


def _told(job: DecidedJob) -> Iterator[tuple[str, str]]:
    yield f"{job.person.id} ", ""
    yield f"{job.channel}", _FAINT
    yield f" {job.trigger} ", ""
    yield ", ".join(job.categories), _FAINT
    yield "\n", ""


def _why_nobody(decision: DecisionRecord) -> str:
    return ", ".join(dict.fromkeys(skip.reason for skip in decision.skipped)) or "nobody is attached"


def message_in(file: Path) -> EmailMessage:
    """A message as it lies in a file."""
    return BytesParser(policy=policy.default).parsebytes(file.read_bytes())


def show_message(console: Console, file: Path) -> None:
    """One message as its reader sees it: the headers that a mail program shows, and the text."""
    message = message_in(file)
    heads = [f"{name}: {message[name]}" for name in ("From", "To", "Date", "Subject") if message[name]]
    body = message.get_body(("plain",))
    text = "" if body is None else content_of(body).rstrip()
    words = seen("\n".join(heads) + "\n\n" + text)
    console.print(Panel(words, title=seen(f"One message: {file.name}"), title_align="left", expand=False))


def next_steps(stage: Stage) -> Iterator[str]:
    """What to try next, as commands that can be copied."""
    # As this run was called: the command need not be on the path.
    tocsin, around = sys.argv[0], f"--directory {stage.directory} --rules {stage.rules}"
    yield f"{tocsin} explain T-3001 --data {stage.folder}"
    yield f"{tocsin} explain {around} --event {stage.example}"
    yield f"{tocsin} decide {around} --now event {stage.events}"
    yield f"{tocsin} derive {around} C-101"
    yield f"{tocsin} check {stage.rules} --directory {stage.directory}    (change a rule first)"
