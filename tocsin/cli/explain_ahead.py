"""`tocsin explain --event event.json`: what would be decided of an event that may come."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from msgspec import Struct

from schemas.job import PersonRef
from tocsin.authoring.deciding import decision_inputs
from tocsin.authoring.event_files import read_one
from tocsin.authoring.explain import report
from tocsin.authoring.explain.explanation import Explainer, Explanation
from tocsin.authoring.explain.scenario import Rules
from tocsin.cli.console import say, say_json, told
from tocsin.cli.named_records import person_named
from tocsin.cli.parsing import moment
from tocsin.config.settings.declared.processes import DIRECTORY, RULES
from tocsin.config.settings.in_force import Settings


class Asking(Struct, frozen=True):
    """What is asked for: all or one person, in a few lines, in all detail, or as data."""

    person: Annotated[
        str | None,
        typer.Option("--person", "-p", help="Only about this person: contact/ct-1, or a name, or an e-mail address."),
    ] = None
    details: Annotated[
        bool, typer.Option("--details", help="Every save and every person, after the summary; --person: those of one.")
    ] = False
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False


def look_ahead(settings: Settings, event: Path, now: str | None, asking: Asking) -> None:
    """Say who would be alerted by an event that may come, and by which changes everybody else would.

    Raises InputError for an event, a directory or rules that can't be used.
    """
    directory, rules = settings[DIRECTORY], settings[RULES]
    if directory is None:
        raise typer.BadParameter("name the directory's folder", param_hint=DIRECTORY.names)
    at = moment(now)
    with decision_inputs(directory, rules) as around:
        told(around.loaded)
        line = read_one(event, at or datetime.now(UTC))
        if line.event is None:
            raise line.refused or AssertionError("a line without an event was refused")
        who = None if asking.person is None else person_named(asking.person, around.loaded.directory)
        explainer = Explainer(around.loaded.directory, Rules.of(rules, around.rulebook), around.matcher)
        is_whole = who is not None or asking.details or asking.json
        found = explainer.explain(line.event, at or line.event.time, who, with_changes=is_whole)
        if asking.json:
            say_json(report.view(found))
            return
        for text in _lines(found, who, details=asking.details):
            say(text)


def _lines(found: Explanation, who: PersonRef | None, *, details: bool) -> Iterator[str]:
    if who is None:
        yield from report.summed_up(found)
        if not details:
            yield from ("", "What would let the others through: --details, or --person for one of them.")
            return
        yield ""
    yield from report.told(found)
