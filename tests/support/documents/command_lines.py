"""Command lines that files and pages show: they have to be ones that the program takes."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from typing import Any

from typer.main import get_command

from tocsin.cli.app import app

_COMMAND = re.compile(r"^(?:docker compose exec .* )?(?:\S*/)?tocsin (?P<rest>.*)$")
_FROM_HERE_ON_SHELL = {"|", "<", ">", "<<", "&&", ";", "&"}


def parse(arguments: Sequence[str]) -> str:
    """The command that these arguments name, all of them understood and none missing.

    Raises ValueError for another command, and TyperException for its arguments.
    """
    name, command, rest = _found(arguments)
    command.make_context(name, rest)
    return name


def mention(arguments: Sequence[str]) -> str:
    """The command of which these are some arguments: its options are known, and some may be missing.

    Raises ValueError.
    """
    name, command, rest = _found(arguments)
    options = {option for parameter in command.params for option in parameter.opts}
    unknown = [word for word in rest if word.startswith("-") and word.partition("=")[0] not in options]
    if unknown:
        raise ValueError(f"{name} has no option {', '.join(unknown)}")
    return name


def _found(arguments: Sequence[str]) -> tuple[str, Any, list[str]]:
    command: Any = get_command(app)
    name, rest = "tocsin", _without_options(command, list(arguments))
    while hasattr(command, "commands"):
        if not rest or rest[0] not in command.commands:
            raise ValueError(f"{name} has no command {' '.join(rest[:1])}")
        command, name, rest = command.commands[rest[0]], f"{name} {rest[0]}", rest[1:]
    return name, command, rest


def _without_options(main: Any, arguments: list[str]) -> list[str]:
    """The arguments behind the options of `tocsin` itself, each of which has a value."""
    options = {option for parameter in main.params for option in parameter.opts}
    while len(arguments) > 1 and arguments[0] in options:
        arguments = arguments[2:]
    return arguments


def shown_in(block: str) -> Iterator[list[str]]:
    """The arguments of every `tocsin …` line of a block of shell commands, without what the shell takes."""
    for line in block.replace("\\\n", " ").splitlines():
        found = _COMMAND.match(line.strip().removeprefix("$ "))
        if found:
            yield list(_arguments(found["rest"]))


def _arguments(text: str) -> Iterator[str]:
    for word in shlex.split(text, comments=True):
        if word in _FROM_HERE_ON_SHELL:
            return
        yield word
