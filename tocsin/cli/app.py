"""All commands together."""

from __future__ import annotations

import logging
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from tocsin.cli import (
    bounces,
    check,
    console_users,
    coverage,
    decide,
    demo,
    derive,
    diff,
    directory,
    dlq,
    emit,
    engine,
    explain,
    history,
    init,
    intake,
    jobs,
    lag,
    match,
    opt_out,
    outcomes,
    pauses,
    person,
    preview,
    schema,
    sender,
    settings,
    suppressions,
    templates,
    test,
    token,
    topics,
    up,
    validate,
)
from tocsin.cli.console import EXIT_CODES, say
from tocsin.cli.failures import failures
from tocsin.config.settings.variables import SETTINGS_FILE
from tocsin.logs import log_to_stderr

app = typer.Typer(
    name="tocsin",
    help="Tells the right people what happened to a support ticket, and says why.\n\n" + EXIT_CODES,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,  # a crash is a line of the log, without the values that it met
)


def _show_version(asked: bool) -> None:
    if asked:
        say(f"tocsin {version('tocsin')}")
        raise typer.Exit


@app.callback()
def _main(
    show_version: Annotated[  # noqa: ARG001 - its callback ends the command
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Say which version this is, and end."),
    ] = False,
    settings: Annotated[  # noqa: ARG001 - read by the commands that use settings, see tocsin.cli.settled
        Path | None,
        typer.Option(
            "--settings", envvar=SETTINGS_FILE, help="File with the settings of this installation: tocsin settings."
        ),
    ] = None,
) -> None:
    # Standard output is for results alone, whatever a command or library has to say besides.
    with failures():
        log_to_stderr(logging.WARNING)


for command in (
    demo,
    init,
    up,
    emit,
    validate,
    decide,
    explain,
    derive,
    check,
    test,
    diff,
    match,
    coverage,
    preview,
    templates,
    schema,
    engine,
    sender,
    topics,
    intake,
    token,
    directory,
    dlq,
    lag,
    jobs,
    outcomes,
    pauses,
    suppressions,
    person,
    history,
    bounces,
    opt_out,
    console_users,
    settings,
):
    command.register(app)
