"""`tocsin coverage`: whom the rules can reach in a directory."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from adapters.rule_files.load import load_rulebook
from engine.ports import RulesInForce
from tocsin.authoring.deciding import rule_engine
from tocsin.authoring.matches.matching import unmatched_rules
from tocsin.authoring.reach.records import read_surveyed
from tocsin.authoring.reach.report import as_json, report
from tocsin.authoring.reach.survey import add_unmatched, survey
from tocsin.cli.console import FOUND_FAULTS, say, say_json
from tocsin.cli.event_options import LOG, MaybeEventsOption, recorded, size_of
from tocsin.cli.options import KAFKA_CREDENTIALS, Form, add_command
from tocsin.cli.parsing import NowOption, moment
from tocsin.cli.progress import progress_bar
from tocsin.config.settings.declared.processes import DIRECTORY, RULES
from tocsin.config.settings.in_force import Settings


def register(app: typer.Typer) -> None:
    """Add the command."""
    forms = (Form(RULES, is_argument=True), Form(DIRECTORY, ("-d",)), LOG)
    add_command(app, "coverage", coverage, *forms, epilog=KAFKA_CREDENTIALS)


def coverage(
    settings: Settings,
    now: NowOption = None,
    examples: Annotated[int, typer.Option("--examples", min=0, max=10_000, help="Shown of each kind.")] = 5,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    events: MaybeEventsOption = None,
) -> None:
    """Say whom the rules reach in a directory, and whom they never will. Nothing is sent.

    Contracts with an enabled category that reaches nobody, and why; people who can't be reached whatever they are
    attached to; languages without templates; records that do not fit together. Also, as remarks, contracts out of use
    and customers for whom the rule file's template or keyword is used. Conditions of rules are taken to hold for some
    ticket. With recorded events, also rules of the file that match none of them, each judged as at its own time.

    The exit code is 1 if there is a gap.
    """
    at = moment(now) or datetime.now(UTC)
    rulebook = load_rulebook(settings[RULES])
    loading = read_surveyed(settings.given(DIRECTORY))
    known = loading.sink.directory
    counts = known.counts()
    with progress_bar("Surveying contracts", counts["contract"]) as progress:
        found = survey(loading, rulebook, at, examples, progress)
    if events is not None and settings[RULES] is not None:
        lines = recorded(events, settings)
        with rule_engine(rulebook) as matcher, progress_bar("Replaying", size_of(events)) as progress:
            names, number = unmatched_rules(lines, known, RulesInForce(rulebook, matcher), None, progress)
        add_unmatched(found, names, number)
    if json:
        say_json(as_json(found, counts))
    else:
        for line in report(found, counts):
            say(line)
    raise typer.Exit(FOUND_FAULTS if found.gaps else 0)
