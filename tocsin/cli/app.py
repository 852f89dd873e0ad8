"""All commands together."""

from __future__ import annotations

import typer

from tocsin.cli import check, decide, demo, derive, directory, dlq, emit, engine, explain, topics, up, validate
from tocsin.cli.console import EXIT_CODES

app = typer.Typer(
    name="tocsin",
    help="Tells the right people what happened to a support ticket, and says why.\n\n" + EXIT_CODES,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_show_locals=False,
)

for command in (demo, up, emit, validate, decide, explain, derive, check, engine, topics, directory, dlq):
    command.register(app)
