"""`tocsin explain`: who would be alerted and who not, in words."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from engine.decide import decide
from schemas.job import PersonRef
from schemas.vocabulary import PersonKind
from tocsin.cli.console import DirectoryOption, NowOption, RulesOption, moment, named_failures, say, told
from tocsin.deciding import setting
from tocsin.event_files import read_one
from tocsin.explaining.explanation import explanation


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(explain)


def explain(
    event: Annotated[Path, typer.Argument(help="File with one event; `-`: standard input.")],
    directory: DirectoryOption,
    rules: RulesOption = None,
    now: NowOption = "event",
    person: Annotated[
        str | None, typer.Option("--person", "-p", help="Only about this person: contact/ct-1, collaborator/co-1.")
    ] = None,
) -> None:
    """Say in words who gets what because of an event, and at which gate each other person stopped.

    For everyone who is not alerted, the last line names the record and the field that would have to change. The event
    is judged as at
    its own time, so that an old one can be asked about: --now 2026-03-02T09:15:00Z judges it as at another.
    """
    at = moment(now)
    who = None if person is None else _person(person)
    with named_failures(), setting(directory, rules) as around:
        told(around.loaded)
        line = read_one(event, at or datetime.now(UTC))
        if line.event is None:
            raise line.refused or AssertionError("a line without an event was refused")
        known = around.loaded.directory
        decision = decide(line.event, known, around.rulebook, at or line.event.time, around.matcher)
        for text in explanation(decision, known, around.rulebook, who):
            say(text)


def _person(text: str) -> PersonRef:
    kind, slash, person_id = text.partition("/")
    if not slash or not person_id or kind not in tuple(PersonKind):
        raise typer.BadParameter(f"{text!r} is not of the form contact/ID or collaborator/ID", param_hint="--person")
    return PersonRef(PersonKind(kind), person_id)
