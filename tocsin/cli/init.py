"""`tocsin init`: a folder to start from."""

from __future__ import annotations

from pathlib import Path
from shlex import quote
from typing import Annotated

import typer

from tocsin.cli.console import say
from tocsin.cli.options import add_command
from tocsin.demo.starting import make_starter


def register(app: typer.Typer) -> None:
    """Add the command."""
    add_command(app, "init", init)


def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder to make: a new one, or an empty one.")],
) -> None:
    """Make a folder to start from: a rule file with one rule, its tests, a small directory, and schemas for editors.

    The files are ready for `tocsin check` and `tocsin test`. A folder that holds anything is not touched.
    """
    made = make_starter(folder)
    for file in made:
        say(str(file))
    say()
    say("Try next:")
    rules, directory = quote(str(folder / "rules.yaml")), quote(str(folder / "directory"))
    say(f"  tocsin check {rules} --directory {directory}")
    say(f"  tocsin test {rules}")
