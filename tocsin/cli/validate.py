"""`tocsin validate`: is an event well-formed, and what would it do."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from tocsin.authoring.deciding import decision_inputs, meaning
from tocsin.authoring.event_files import read_one
from tocsin.authoring.explain.explanation import Explainer
from tocsin.authoring.explain.report import told as explained
from tocsin.authoring.explain.scenario import Rules
from tocsin.cli.console import FOUND_FAULTS, say, told, warn
from tocsin.cli.options import Form, add_command
from tocsin.cli.parsing import NowOption, moment
from tocsin.config.settings.declared.processes import DIRECTORY, RULES
from tocsin.config.settings.in_force import Settings


def register(app: typer.Typer) -> None:
    """Add the command."""
    add_command(
        app,
        "validate",
        validate,
        Form(DIRECTORY, ("-d",), meaning="Directory, to see also what the event would do."),
        Form(RULES, ("-r",)),
    )


def validate(
    event: Annotated[Path, typer.Argument(help="File with one event; `-`: standard input.")],
    settings: Settings,
    now: NowOption = "event",
) -> None:
    """Check that an event is well-formed, and say what it means; with a directory, whom it would alert.

    Nothing is sent. What is wrong is named with field, value and what to do; the exit code is then 1.
    """
    at, directory, rules = moment(now), settings[DIRECTORY], settings[RULES]
    line = read_one(event, at or datetime.now(UTC))
    if line.refused is not None:
        for refusal in line.refused.refusals:
            warn(f"{event}: {refusal.shown()}")
        raise typer.Exit(FOUND_FAULTS)
    if line.event is None:
        raise AssertionError("a line that is not refused has an event")
    say(f"{event}: well-formed. {meaning(line.event)}")
    if directory is None:
        say("Whom it would alert: name a directory (--directory).")
        return
    with decision_inputs(directory, rules) as around:
        told(around.loaded)
        explainer = Explainer(around.loaded.directory, Rules.of(rules, around.rulebook), around.matcher)
        for text in explained(explainer.explain(line.event, at or line.event.time)):
            say(text)
