"""Commands whose options, where the command line leaves them out, come from variables and the settings file."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, TypeAlias

from typer.core import TyperCommand
from typer.exceptions import TyperException

from tocsin.cli.console import TRY_LATER, WRONG_SETTINGS, stop, warn
from tocsin.cli.failures import failures
from tocsin.config.settings.commands import SERVICE_COMMANDS
from tocsin.config.settings.declared import SETTINGS, used_by
from tocsin.config.settings.faults import SettingsError
from tocsin.config.settings.in_force import Settings
from tocsin.config.settings.origins import Source
from tocsin.config.settings.reading import read_settings
from tocsin.config.settings.setting import Setting
from tocsin.printing.printable import PROSE, printable

Context: TypeAlias = Any
Parameter: TypeAlias = Any
"""Typer's own classes for contexts and parameters have no public names."""

SETTINGS_OPTION: Final = "settings"
"""The main command's parameter that names the file."""

_HELP: Final = "--help"
_MAIL_READER: Final = "bounces"
_PIPE: Final = "-"
_BY_VARIABLE: Final = {setting.variable: setting for setting in SETTINGS}


class SettledCommand(TyperCommand):
    """A command that is given its settings before it runs; where they can't be used it does not."""

    def make_context(self, info_name: str | None, args: list[str], parent: Context | None = None, **extra: Any) -> Any:
        """Take from file and environment what the command line leaves out."""
        command = _first_word(info_name, parent)
        code = TRY_LATER if command == _MAIL_READER and _PIPE in args else WRONG_SETTINGS
        used = used_by(command)
        # Whoever uses none is not stopped by a file that others can't use.
        reading = read_settings(settings_file(parent) if used else None, os.environ, used)
        if _HELP in args:
            # It ends here, where help was asked for: before faults, and without values in force, which help would show.
            with suppress(TyperException):
                super().make_context(info_name, list(args), parent, **extra)
        try:
            settings = reading.checked()
            context = super().make_context(info_name, args, parent, default_map=self._defaults(settings), **extra)
            context.obj = settings.with_options(self._given(context)).with_defaults(self._own_defaults())
        except TyperException as error:
            # It may repeat what stands in a variable, or a file's name.
            error.message = printable(error.message, PROSE)
            raise
        except SettingsError as error:
            stop(str(error), code)
        return context

    def invoke(self, ctx: Context) -> Any:
        """Run it. Its settings in force are the context's object."""
        if _words(ctx.info_name, ctx.parent) not in SERVICE_COMMANDS:
            for one in ctx.obj.exposed():
                warn(f"{one.option}: {exposure(one)}")
        with failures():
            try:
                return super().invoke(ctx)
            except TyperException as error:
                error.message = printable(error.message, PROSE)
                raise

    def _defaults(self, settings: Settings) -> dict[str, Any]:
        """What stands in for options that the command line leaves out, by parameter."""
        return {
            parameter.name: settings[setting]
            for parameter, setting in self._settled()
            if setting in settings and settings.origin(setting).source is not Source.DEFAULT
        }

    def _given(self, context: Context) -> dict[Setting[Any], Any]:
        """What the command line says."""
        return {
            setting: context.params[parameter.name]
            for parameter, setting in self._settled()
            if getattr(context.get_parameter_source(parameter.name), "name", "") == "COMMANDLINE"
        }

    def _own_defaults(self) -> dict[Setting[Any], Any]:
        """What the command takes for settings that have no default."""
        return {
            setting: parameter.default
            for parameter, setting in self._settled()
            if setting.default is None and parameter.default is not None
        }

    def _settled(self) -> Iterator[tuple[Parameter, Setting[Any]]]:
        """The parameters that are settings."""
        for parameter in self.params:
            setting = _BY_VARIABLE.get(str(parameter.envvar))
            if setting is not None:
                yield parameter, setting


def exposure(setting: Setting[Any]) -> str:
    """What is wrong with a password on the command line, and what to do."""
    return (
        "the password on the command line can be read by everybody on this machine (ps), and stays in the shell's "
        f"history: put the whole value into a file that only this user may read, and name that in "
        f"{setting.file_variable}, or in {setting.file_key} of the settings file"
    )


def settings_file(context: Context | None) -> Path | None:
    """The file that the main command was told to use, by the context of any command below it."""
    named = None if context is None else context.find_root().params.get(SETTINGS_OPTION)
    return named if isinstance(named, Path) else None


def _first_word(name: str | None, parent: Context | None) -> str:
    """`dlq` of `tocsin dlq list`."""
    return _words(name, parent).partition(" ")[0]


def _words(name: str | None, parent: Context | None) -> str:
    """`dlq list` of `tocsin dlq list`."""
    words = [name or ""]
    while parent is not None and parent.parent is not None:
        words.insert(0, parent.info_name)
        parent = parent.parent
    return " ".join(words)
