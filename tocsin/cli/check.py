"""`tocsin check`: everything that is wrong with rules, templates, rule tests and directory."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Annotated, Final

import typer

from schemas.finding import CheckReport
from tocsin.authoring.lint.check import check as check_all
from tocsin.authoring.lint.report import github, json, sarif, text
from tocsin.cli.console import FOUND_FAULTS, say_document, say_lines
from tocsin.cli.event_options import LOG, MaybeEventsOption, recorded
from tocsin.cli.options import KAFKA_CREDENTIALS, Form, add_command
from tocsin.config.settings.declared.processes import DIRECTORY, RULES
from tocsin.config.settings.in_force import Settings


class Format(StrEnum):
    """How findings are written."""

    TEXT = "text"
    JSON = "json"
    SARIF = "sarif"
    GITHUB = "github"


_WRITERS: Final[Mapping[Format, Callable[[CheckReport], str]]] = {
    Format.TEXT: text,
    Format.JSON: json,
    Format.SARIF: sarif,
    Format.GITHUB: github,
}
_DOCUMENTS: Final = (Format.JSON, Format.SARIF)


def register(app: typer.Typer) -> None:
    """Add the command."""
    add_command(
        app,
        "check",
        check,
        Form(RULES, is_argument=True),
        Form(DIRECTORY, ("-d",), meaning="Check the directory too, and the templates that customers name."),
        LOG,
        epilog=KAFKA_CREDENTIALS,
    )


def check(
    settings: Settings,
    form: Annotated[
        Format, typer.Option("--format", "-f", help="text: for people; json, sarif, github: for programs.")
    ] = Format.TEXT,
    strict: Annotated[bool, typer.Option("--strict", help="Warnings too make the exit code 1.")] = False,
    events: MaybeEventsOption = None,
) -> None:
    """Name every problem of a rule file, its templates and its tests: file, line, column, what to do. All in one run.

    An error means that the rules are refused, a warning that they surely do not do what was meant (a rule that never
    matches, or that changes nothing); a remark is worth knowing. The exit code is 1 if there is an error. Each code in
    brackets stands in docs/checking.md.

    With a directory, also its records that can't be used, customers that lack a template or keyword of their own
    (the defaults stand in for it), people whose language has no templates, and ids in conditions that no record has.
    With recorded events, values in conditions that none of them had.
    """
    lines = None if events is None else recorded(events, settings)
    report = check_all(settings[RULES], settings[DIRECTORY], events=lines)
    written = _WRITERS[form](report)
    if written:
        (say_document if form in _DOCUMENTS else say_lines)(written)
    refused = report.summary.errors + (report.summary.warnings if strict else 0)
    raise typer.Exit(FOUND_FAULTS if refused else 0)
