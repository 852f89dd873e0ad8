"""`tocsin intake`: the service; mappings, on payloads and by their tests; and what was known before the first post."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from adapters.mapping_files.folder import mapping_files
from schemas.refusal import RefusedError
from tocsin.authoring.lint.check import report_of
from tocsin.authoring.lint.report import text
from tocsin.authoring.lint.subject import finding
from tocsin.authoring.mapping_tests.running import check_mapping
from tocsin.authoring.mapping_trial import Trial
from tocsin.cli.console import FOUND_FAULTS, say, say_document, say_lines, stop, warn
from tocsin.cli.intake_serve import FORMS, serve
from tocsin.cli.options import KAFKA_CREDENTIALS, Form, add_command
from tocsin.config.settings.declared.intake import MAPPINGS
from tocsin.config.settings.declared.processes import DIRECTORY, RULES
from tocsin.config.settings.in_force import Settings
from tocsin.config.wiring.intake import opened_states
from tocsin.operations.seeding import Export, exported, mapped

_DIRECTORY = Form(DIRECTORY, ("-d",), meaning="Directory, to look up contracts, and to see also whom it would alert.")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    intake = typer.Typer(help="Webhooks of helpdesks, read by mapping files: docs/webhooks.md.", no_args_is_help=True)
    add_command(intake, "intake try", try_mapping, _DIRECTORY, Form(RULES, ("-r",)))
    add_command(intake, "intake check", check)
    add_command(intake, "intake seed", seed, Form(DIRECTORY, ("-d",), meaning="Directory, to look up contracts."))
    add_command(intake, "intake serve", serve, *FORMS, epilog=KAFKA_CREDENTIALS)
    app.add_typer(intake, name="intake")


def try_mapping(
    mapping: Annotated[str, typer.Argument(help="A mapping by its name (zammad), or its file.")],
    payloads: Annotated[
        list[Path],
        typer.Argument(help="Files with the bodies of posts, in the order in which they came; `-`: standard input."),
    ],
    settings: Settings,
    header: Annotated[
        list[str] | None, typer.Option("--header", "-H", help="A header of every post, as `Name: value`.")
    ] = None,
) -> None:
    """Show what a mapping makes of posts: the event of each, what it means, and with a directory whom it would alert.

    Nothing is sent or kept. A later post is judged by what the earlier ones told, so that two of them show a change.
    What can't be read is named with field, path and reason; the exit code is then 1.
    """
    headers = dict(_header(one) for one in header or ())
    trial = Trial(_file(mapping, settings), headers, settings[DIRECTORY], settings[RULES])
    failed = False
    with trial:
        for payload in payloads:
            try:
                tried = trial.post(payload)
            except RefusedError as error:
                failed = True
                for refusal in error.refusals:
                    warn(f"{payload}: {refusal.shown()}")
                continue
            for warning in tried.warnings:
                warn(f"{payload}: warning: {warning}")
            if tried.event is not None:
                say_document(tried.event)
            for line in tried.verdict:
                say(line)
    raise typer.Exit(FOUND_FAULTS if failed else 0)


def check(
    settings: Settings,
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[MAPPING]...",
            help="Mappings by name (zammad), or their files; left out: all, the shipped ones too.",
        ),
    ] = None,
) -> None:
    """Name everything that is wrong with mapping files, and run the tests beside them: NAME.test.yaml.

    Each fault stands with file, line, column and what to do. The exit code is 1 if there is one.
    """
    named = [_file(one, settings) for one in names] if names else list(mapping_files(settings[MAPPINGS]).values())
    checked = [check_mapping(file) for file in named]
    report = report_of(finding(fault) for one in checked for fault in one.faults)
    if report.findings:
        say_lines(text(report))
    tests = sum(one.tests for one in checked)
    said = "1 mapping" if len(named) == 1 else f"{len(named)} mappings"
    say(f"{said}, {tests} test{'' if tests == 1 else 's'}: {'all is well' if not report.findings else 'see above'}")
    raise typer.Exit(FOUND_FAULTS if report.findings else 0)


def seed(
    file: Annotated[Path, typer.Argument(help="Export of a helpdesk, one JSON object a line; `-`: standard input.")],
    settings: Settings,
    mapping: Annotated[
        str | None, typer.Option("--as", help="Mapping that reads each line as the body of a post. Else: see below.")
    ] = None,
) -> None:
    """Tell the intake what is known of tickets, so that the first post of each is not its first sight. Alerts nobody.

    Without --as, a line has `source`, `time` (of its last save) and `ticket`, with the fields that tickets of events
    have. A line that is refused is named and left out (the exit code is then 1). A state that is as new stays, so a
    file may be read twice, and while posts come in.
    """
    now = datetime.now(UTC)
    read = exported if mapping is None else mapped(_file(mapping, settings), settings[DIRECTORY], now)
    export = Export(file, read, now)
    with opened_states(settings) as states:
        kept = states.seed(export.states(lambda words: warn(f"{file}:{words}")), now)
    told = f"{export.tickets} tickets read, {kept} states kept, {export.tickets - kept} were known as new"
    say(told + (f", {export.refused} lines refused" if export.refused else ""))
    raise typer.Exit(FOUND_FAULTS if export.refused else 0)


def _file(mapping: str, settings: Settings) -> Path:
    """The file of a mapping, named by its name or as a file."""
    if "/" in mapping or mapping.endswith((".yaml", ".yml")):
        return Path(mapping)
    known = mapping_files(settings[MAPPINGS])
    if mapping not in known:
        stop(f"there is no mapping {mapping!r}: there are {', '.join(known)}, or name a file", FOUND_FAULTS)
    return known[mapping]


def _header(text_: str) -> tuple[str, str]:
    name, colon, value = text_.partition(":")
    if not colon:
        raise typer.BadParameter(f"{text_!r} is no header: write `Name: value`", param_hint="--header")
    return name.strip().lower(), value.strip()
