"""`tocsin match`: what one rule does on recorded events."""

from __future__ import annotations

from typing import Annotated

import typer

from engine.ports import RulesInForce
from engine.rulebook.rulebook import Rulebook
from schemas.suggestion import nearest
from tocsin.authoring.deciding import decision_inputs
from tocsin.authoring.matches.report import as_json, report
from tocsin.authoring.matches.tally import match_events
from tocsin.cli.console import FOUND_FAULTS, say, say_json, stop, told
from tocsin.cli.event_options import LOG, EventsOption, recorded, size_of
from tocsin.cli.options import KAFKA_CREDENTIALS, Form, add_command
from tocsin.cli.parsing import NowOption, moment
from tocsin.cli.progress import progress_bar
from tocsin.config.settings.declared.processes import DIRECTORY, RULES
from tocsin.config.settings.in_force import Settings


def register(app: typer.Typer) -> None:
    """Add the command."""
    add_command(app, "match", match, Form(RULES, ("-r",)), Form(DIRECTORY, ("-d",)), LOG, epilog=KAFKA_CREDENTIALS)


def match(
    rule: Annotated[str, typer.Argument(help="The rule's name.")],
    events: EventsOption,
    settings: Settings,
    now: NowOption = "event",
    examples: Annotated[int, typer.Option("--examples", min=0, max=10_000, help="Tickets that are shown.")] = 5,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Say how many recorded events a rule matches, on which tickets, for whom, and what keeps it from the others.

    A rule matches where the contract's tick puts it in force, somebody is attached, the save raises a trigger that it
    is on, and its condition holds. Whether a message comes of that is for the other gates to say: they are counted.
    Each event is judged as at its own time. Nothing is sent.

    The exit code is 1 if the rule matches none of the events.
    """
    at = moment(now)
    with decision_inputs(settings.given(DIRECTORY), settings[RULES]) as around:
        told(around.loaded)
        found = [one for one in around.rulebook.rules if one.name == rule]
        if not found:
            stop(f"there is no rule {rule!r}{nearest(rule, _names(around.rulebook))}", FOUND_FAULTS)
        lines = recorded(events, settings)
        in_force = RulesInForce(around.rulebook, around.matcher)
        with progress_bar("Replaying", size_of(events)) as progress:
            tally = match_events(lines, found, around.loaded.directory, in_force, at, examples, progress)
    if json:
        say_json(as_json(found, tally))
    else:
        for line in report(found, tally, around.loaded.directory):
            say(line)
    raise typer.Exit(0 if tally.matched else FOUND_FAULTS)


def _names(rulebook: Rulebook) -> list[str]:
    return [one.name for one in rulebook.rules]
