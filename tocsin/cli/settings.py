"""`tocsin settings`: what is in force, and where it came from."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Final

import typer

from tocsin.cli.console import WRONG_SETTINGS, say, say_json, say_lines, warn
from tocsin.cli.options import add_command
from tocsin.cli.settled import settings_file
from tocsin.config.check import all_faults
from tocsin.config.settings.commands import SERVICES
from tocsin.config.settings.declared import SETTINGS, used_by
from tocsin.config.settings.example import example as example_file
from tocsin.config.settings.reading import read_settings
from tocsin.config.settings.showing import ShownSettings, shown_settings

COMMANDS: Final = sorted({command for setting in SETTINGS for command in setting.used_by})


def register(app: typer.Typer) -> None:
    """Add the command."""
    add_command(app, "settings", settings)


def settings(
    context: typer.Context,
    service: Annotated[
        str | None,
        typer.Option(
            "--service",
            help=f"Only what this command uses, and what it lacks: {', '.join(SERVICES)} or another.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    example: Annotated[
        bool, typer.Option("--example", help="Print a settings file with every key and its default instead.")
    ] = False,
) -> None:
    """Show the settings that are in force, and where each came from; secrets are masked.

    A setting comes from an option, else from its variable, else from the file (--settings, or TOCSIN_SETTINGS), else it
    has its default. All of them, and the file: docs/settings.md.

    Everything that is wrong is named, and the exit code is then 5: also secrets that can't be read, and settings that
    don't fit together. A variable that begins with TOCSIN_ and sets nothing is named as well.
    """
    if example:
        say_lines(example_file().rstrip())
        return
    if service is not None and service not in COMMANDS:
        raise typer.BadParameter(f"{service!r} uses no settings: one of {', '.join(COMMANDS)}", param_hint="--service")
    used = SETTINGS if service is None else used_by(service)
    path: Path | None = settings_file(context)
    reading = read_settings(path, os.environ, used)
    faults = tuple(all_faults(reading, used, service))
    shown = shown_settings(path, reading.settings, used, faults, os.environ)
    if as_json:
        say_json(shown)
    else:
        _print(shown)
    raise typer.Exit(WRONG_SETTINGS if faults else 0)


def _print(shown: ShownSettings) -> None:
    rows = [("setting", "value", "from"), *((one.key, one.as_text(), one.origin) for one in shown.settings)]
    widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
    for key, value, origin in rows:
        say(f"{key:{widths[0]}}  {value:{widths[1]}}  {origin}")
    for line in (*shown.unknown_variables, *shown.faults):
        warn(line)
