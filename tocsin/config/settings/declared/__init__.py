"""Every setting of an installation. Options, variables, the file, its schema and docs/settings.md follow from it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Any, Final

from tocsin.config.settings.declared import console, history, http, intake, kafka, mail, outcomes, processes, sending
from tocsin.config.settings.setting import Setting

SETTINGS: Final[tuple[Setting[Any], ...]] = tuple(
    value
    for module in (kafka, processes, http, console, intake, history, outcomes, mail, sending)
    for value in vars(module).values()
    if isinstance(value, Setting)
)
"""All of them, in the order in which they are declared."""


def by_table() -> Iterator[tuple[str, Iterator[Setting[Any]]]]:
    """All of them, table by table as the file has them."""
    return groupby(SETTINGS, lambda setting: setting.table)


def used_by(command: str) -> tuple[Setting[Any], ...]:
    """The settings of a command, by its first word."""
    return tuple(setting for setting in SETTINGS if command in setting.used_by)


def options_of(words: str) -> tuple[Setting[Any], ...]:
    """Those that a command takes as options, by all its words (`dlq list`): first what it needs, then as declared."""
    command = words.partition(" ")[0]
    options = [one for one in used_by(command) if one.option is not None and words not in one.optionless]
    return tuple(sorted(options, key=lambda setting: command not in setting.needed_by))
