"""Commands whose options, where the command line leaves them out, come from variables and the settings file."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from contextvars import ContextVar
from pathlib import Path
from typing import Any, Final, TypeAlias, TypeVar

import typer
from typer.core import TyperCommand
from typer.exceptions import TyperException

from tocsin.cli.console import TRY_LATER, WRONG_SETTINGS, stop, warn
from tocsin.config.settings.commands import SERVICES
from tocsin.config.settings.declared import SETTINGS, used_by
from tocsin.config.settings.faults import SettingsError
from tocsin.config.settings.kinds import Flag, Number, Whole
from tocsin.config.settings.origins import Source
from tocsin.config.settings.reading import DEFAULTS, Settings, read_settings
from tocsin.config.settings.setting import Setting
from tocsin.printing.printable import PROSE, printable

T = TypeVar("T")
U = TypeVar("U")

Context: TypeAlias = Any
"""Typer's own class for contexts has no public name."""

SETTINGS_OPTION: Final = "settings"
"""The main command's parameter that names the file."""

_HELP: Final = "--help"
_MAIL_READER: Final = "bounces"
_PIPE: Final = "-"
_BY_VARIABLE: Final = {setting.variable: setting for setting in SETTINGS}
_IN_FORCE: ContextVar[Settings] = ContextVar("settings in force", default=DEFAULTS)


def option(setting: Setting[Any], *short: str, meaning: str | None = None) -> Any:
    """The option of a setting, with its variable, and its meaning, unless it has a narrower one for a command."""
    assert setting.option is not None  # noqa: S101 - a slip in the code, seen by every call of the program
    name = f"{setting.option}/--no-{setting.option[2:]}" if isinstance(setting.kind, Flag) else setting.option
    minimum = setting.kind.minimum if isinstance(setting.kind, Number | Whole) else None
    said = meaning or setting.meaning
    return typer.Option(name, *short, envvar=setting.variable, help=said, min=minimum, case_sensitive=False)


def argument(setting: Setting[Any]) -> Any:
    """A setting that a command takes without the name of an option."""
    return typer.Argument(envvar=setting.variable, help=setting.meaning)


def by_default(setting: Setting[T]) -> T:
    """The default of an option that has one."""
    assert setting.default is not None  # noqa: S101 - likewise
    return setting.default


def in_force() -> Settings:
    """The settings of the command that runs."""
    return _IN_FORCE.get()


def one_of(first: Setting[Any], second: Setting[Any], values: tuple[T | None, U | None]) -> tuple[T | None, U | None]:
    """Where a command takes either of two, and settings give both: what the command line names, else the first."""
    if None in values:
        return values
    by_option = [is_named(one) for one in (first, second)]
    if all(by_option):
        return values
    return (None, values[1]) if by_option[1] else (values[0], None)


def is_named(setting: Setting[Any]) -> bool:
    """Whether the command line itself says it."""
    return in_force().origin(setting).source is Source.OPTION


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
            context.obj = settings.with_options(self._given(context))
        except TyperException as error:
            # It may repeat what stands in a variable, or a file's name.
            error.message = printable(error.message, PROSE)
            raise
        except SettingsError as error:
            stop(str(error), code)
        return context

    def invoke(self, ctx: Context) -> Any:
        """Run it with its settings in force."""
        token = _IN_FORCE.set(ctx.obj if isinstance(ctx.obj, Settings) else DEFAULTS)
        if _first_word(ctx.info_name, ctx.parent) not in SERVICES:
            for one in in_force().exposed():
                warn(f"{one.option}: {exposure(one)}")
        try:
            return super().invoke(ctx)
        except TyperException as error:
            error.message = printable(error.message, PROSE)
            raise
        except SettingsError as error:
            # Some settings are judged only where a command uses them.
            stop(str(error), WRONG_SETTINGS)
        finally:
            _IN_FORCE.reset(token)

    def _defaults(self, settings: Settings) -> dict[str, Any]:
        """What stands in for options that the command line leaves out, by parameter."""
        return {
            name: settings[setting]
            for name, setting in self._settled()
            if setting in settings and settings.origin(setting).source is not Source.DEFAULT
        }

    def _given(self, context: Context) -> dict[Setting[Any], Any]:
        """What the command line says."""
        sources = {name: getattr(context.get_parameter_source(name), "name", "") for name, _ in self._settled()}
        return {setting: context.params[name] for name, setting in self._settled() if sources[name] == "COMMANDLINE"}

    def _settled(self) -> Iterator[tuple[str, Setting[Any]]]:
        """The parameters that are settings."""
        for parameter in self.params:
            setting = _BY_VARIABLE.get(str(parameter.envvar))
            if setting is not None and parameter.name is not None:
                yield parameter.name, setting


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
    while parent is not None and parent.parent is not None:
        name, parent = parent.info_name, parent.parent
    return name or ""
