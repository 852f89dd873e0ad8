"""All commands together."""

from __future__ import annotations

import logging

import typer

from tocsin.cli import (
    bounces,
    check,
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
    jobs,
    lag,
    opt_out,
    pauses,
    preview,
    schema,
    sender,
    suppressions,
    test,
    topics,
    up,
    validate,
)
from tocsin.cli.console import EXIT_CODES, UNUSABLE, stop
from tocsin.logs import LogSettingsError, log_to_stderr

app = typer.Typer(
    name="tocsin",
    help="Tells the right people what happened to a support ticket, and says why.\n\n" + EXIT_CODES,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,  # a crash is a line of the log, without the values that it met
)


@app.callback()
def _logs_apart() -> None:
    # Standard output is for results alone, whatever a command or library has to say besides.
    try:
        log_to_stderr(logging.WARNING)
    except LogSettingsError as error:
        stop(str(error), UNUSABLE)


for command in (
    demo,
    up,
    emit,
    validate,
    decide,
    explain,
    derive,
    check,
    test,
    diff,
    coverage,
    preview,
    schema,
    engine,
    sender,
    topics,
    directory,
    dlq,
    lag,
    jobs,
    pauses,
    suppressions,
    bounces,
    opt_out,
):
    command.register(app)
