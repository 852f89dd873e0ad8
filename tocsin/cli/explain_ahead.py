"""`tocsin explain --event event.json`: what would be decided of an event that may come."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import typer

from schemas.job import PersonRef
from tocsin.authoring.deciding import decision_inputs
from tocsin.authoring.event_files import read_one
from tocsin.authoring.explain import report
from tocsin.authoring.explain.explanation import Explainer
from tocsin.authoring.explain.scenario import Rules
from tocsin.cli.console import say, say_json, told
from tocsin.cli.parsing import moment
from tocsin.config.settings.declared.processes import DIRECTORY, RULES
from tocsin.config.settings.in_force import Settings


def look_ahead(settings: Settings, event: Path, now: str | None, who: PersonRef | None, json: bool) -> None:
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
        explainer = Explainer(around.loaded.directory, Rules.of(rules, around.rulebook), around.matcher)
        found = explainer.explain(line.event, at or line.event.time, who)
        if json:
            say_json(report.view(found))
            return
        for text in report.told(found):
            say(text)
