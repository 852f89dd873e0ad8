"""Command lines that files and pages show: they have to be ones that the program takes."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from typing import Any

from typer.main import get_command

from tocsin.cli.app import app

_COMMAND = re.compile(r"^(?:[\w./-]*/)?tocsin (?P<rest>.*)$")
_FROM_HERE_ON_SHELL = {"|", "<", ">", "<<", "&&", ";", "&"}


def parse(arguments: Sequence[str]) -> str:
    """The command that these arguments name, all of them understood and none missing.

    Raises typer's UsageError.
    """
    command: Any = get_command(app)
    name, rest = "tocsin", list(arguments)
    while hasattr(command, "commands"):
        if not rest or rest[0] not in command.commands:
            raise ValueError(f"{name} has no command {rest[:1]}")
        command, name, rest = command.commands[rest[0]], f"{name} {rest[0]}", rest[1:]
    command.make_context(name, rest)
    return name


def shown_in(text: str) -> Iterator[list[str]]:
    """The arguments of every `tocsin …` line in a page's blocks of shell commands, without what the shell takes."""
    for block in re.findall(r"^```(?:sh|shell|console)?\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        for line in block.replace("\\\n", " ").splitlines():
            found = _COMMAND.match(line.strip().removeprefix("$ "))
            if found:
                yield list(_arguments(found["rest"]))


def _arguments(text: str) -> Iterator[str]:
    for word in shlex.split(text, comments=True):
        if word in _FROM_HERE_ON_SHELL:
            return
        yield word
