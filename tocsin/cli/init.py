"""`tocsin init`: a folder to start from."""

from __future__ import annotations

from pathlib import Path
from shlex import quote
from typing import Annotated

import typer

from tocsin.cli.console import named_failures, say, stop
from tocsin.demo.starting import FolderHoldsFilesError, make_starter


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(init)


def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder to make: a new one, or an empty one.")],
) -> None:
    """Make a folder to start from: a rule file with one rule, its tests, a small directory, and schemas for editors.

    The files are ready for `tocsin check` and `tocsin test`. A folder that holds anything is not touched.
    """
    with named_failures():
        try:
            made = make_starter(folder)
        except FolderHoldsFilesError as error:
            stop(str(error))
    for file in made:
        say(str(file))
    say()
    say("Try next:")
    rules, directory = quote(str(folder / "rules.yaml")), quote(str(folder / "directory"))
    say(f"  tocsin check {rules} --directory {directory}")
    say(f"  tocsin test {rules}")
