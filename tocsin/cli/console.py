"""What all commands share: where they print, and how they end."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any, Final, NoReturn

import msgspec
import typer

from adapters.files.directory_folder import LoadedDirectory
from adapters.files.wire_records import WireRecords
from schemas.errors import InputError, UnusableError, WrongSettingError
from tocsin.logs import tell_end
from tocsin.printing.printable import LINE, PROSE, printable, printable_json

EXIT_CODES: Final = (
    "Exit codes: 0, all is well; 1, something in the input is wrong (it was named); 2, the command line is wrong; "
    "3, a file or service that is needed can't be used; 4, Kafka left a call without an answer: start the engine "
    "again; 5, a setting can't be used (it was named): see `tocsin settings`; 6, what was under way at a stop was "
    "cut: the log says what, and the next start sees to it."
)
FOUND_FAULTS: Final = InputError.exit_code
UNUSABLE: Final = UnusableError.exit_code
WRONG_SETTINGS: Final = WrongSettingError.exit_code
TRY_LATER: Final = 75
"""EX_TEMPFAIL of sysexits.h: a mail system keeps the mail, and pipes it again."""


def say(text: str = "") -> None:
    """Print one line of the command's result. What acts in it instead of being seen is written out, line breaks too."""
    typer.echo(printable(text, LINE))


def say_lines(text: str) -> None:
    """Print a text of several lines, where each is ours, or where nothing but others' words follows."""
    typer.echo(printable(text, PROSE))


def say_json(value: Any) -> None:
    """Print a value as JSON, in one line."""
    try:
        text = msgspec.json.encode(value).decode()
    except UnicodeEncodeError:
        # Names of files need not be UTF-8.
        text = json.dumps(msgspec.to_builtins(value), ensure_ascii=False, separators=(",", ":"))
    say_document(text)


def say_document(text: str) -> None:
    """Print a JSON document; a terminal is safe from what stands in its strings."""
    typer.echo(printable_json(text))


def warn(text: str) -> None:
    """Print a line about the command's input or course, apart from its result."""
    with suppress(OSError):
        # Whoever read it is gone: the exit code tells as much.
        typer.echo(printable(text, LINE), err=True)


def stop(text: str, code: int = UNUSABLE) -> NoReturn:
    """End the command with a message. What it repeats of others stands in one line, or has none of its own."""
    if not tell_end(text, code):
        for line in text.split("\n"):
            warn(line)
    raise typer.Exit(code)


def told(loaded: LoadedDirectory | WireRecords) -> None:
    """Name what could not be read in the directory; the rest is used."""
    for problem in loaded.problems:
        warn(f"directory: {problem.shown()}")
