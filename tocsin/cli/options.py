"""Commands and their options: those of their settings are made from the declaration of each setting.

A command is a function. Instead of a parameter for each setting it has one, `settings: Settings`, which are those in
force; the command line gets the options of all settings that the command uses by their declaration. Options that
several commands share are fields of a Struct, and a parameter of that type takes them all.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Final, Protocol, cast, get_args

import typer
from msgspec import NODEFAULT, Struct
from msgspec.structs import fields

from tocsin.cli.settled import SettledCommand
from tocsin.config.settings.declared import options_of
from tocsin.config.settings.in_force import Settings
from tocsin.config.settings.kinds import Choice, Flag, Kind, Number, Place, Text, Whole, Words
from tocsin.config.settings.setting import Setting

_TYPES: Final[Mapping[type[Kind[Any]], Any]] = {
    Text: str,
    Flag: bool,
    Number: float,
    Whole: int,
    Place: Path,
    Words: list[str],
}

KAFKA_CREDENTIALS: Final = (
    "TLS and credentials come from the environment or the settings file: TOCSIN_KAFKA_TLS=on, or files in "
    "TOCSIN_KAFKA_CA, TOCSIN_KAFKA_CERTIFICATE and TOCSIN_KAFKA_KEY; TOCSIN_KAFKA_SASL (SCRAM-SHA-512, SCRAM-SHA-256, "
    "PLAIN), TOCSIN_KAFKA_USERNAME, and TOCSIN_KAFKA_PASSWORD or TOCSIN_KAFKA_PASSWORD_FILE."
)
"""Below the help of commands that talk to Kafka."""


class Form(Struct, frozen=True):
    """How one command takes a setting, where it differs from what is declared.

    `short` are more names of its option, `meaning` a narrower meaning. A `default` stands in where the setting has
    none. `is_needed` is for one of several subcommands that can't do without; by `is_argument` it has no option.
    """

    setting: Setting[Any]
    short: tuple[str, ...] = ()
    meaning: str | None = None
    default: Any = None
    is_needed: bool = False
    is_argument: bool = False


class _LeftOut(Struct, frozen=True):
    names: tuple[str, ...]


def without(*names: str) -> _LeftOut:
    """In an annotation: the fields of a Struct for which a command has no options; they keep their defaults."""
    return _LeftOut(names)


def add_command(
    app: typer.Typer, words: str, command: Callable[..., None], *forms: Form, epilog: str | None = None
) -> None:
    """Add a command by all its words: `check`, or to the group `dlq` the command `dlq list`.

    It is given its settings before it runs. What it takes in other forms than declared is named in `forms`.
    """
    app.command(words.rpartition(" ")[2], cls=SettledCommand, epilog=epilog)(_with_options(words, command, forms))


def option(setting: Setting[Any], *short: str, meaning: str | None = None) -> Any:
    """The option of a setting, with its variable, and its meaning, unless it has a narrower one for a command."""
    assert setting.option is not None  # noqa: S101 - a slip in the code, seen by every call of the program
    name = f"{setting.option}/--no-{setting.option[2:]}" if isinstance(setting.kind, Flag) else setting.option
    minimum = setting.kind.minimum if isinstance(setting.kind, Number | Whole) else None
    said = meaning or setting.meaning
    return typer.Option(name, *short, envvar=setting.variable, help=said, min=minimum, case_sensitive=False)


class _Part(Protocol):
    """What one parameter of a command is on the command line."""

    parameters: Sequence[inspect.Parameter]

    def made(self, given: Mapping[str, Any]) -> Any:
        """The parameter's value, out of those that the command line gives."""


class _Own(Struct):
    """An option or argument of the command alone."""

    parameters: Sequence[inspect.Parameter]

    def made(self, given: Mapping[str, Any]) -> Any:
        return given[self.parameters[0].name]


class _InForce(Struct):
    """The settings, with an option for each that has one."""

    parameters: Sequence[inspect.Parameter]

    def made(self, given: Mapping[str, Any]) -> Settings:
        return cast("Settings", given[_CONTEXT].obj)


class _Group(Struct):
    """Options that several commands share."""

    parameters: Sequence[inspect.Parameter]
    type: type[Struct]

    def made(self, given: Mapping[str, Any]) -> Struct:
        return self.type(**{one.name: given[one.name] for one in self.parameters})


_CONTEXT: Final = "context"


def _with_options(words: str, command: Callable[..., None], forms: Sequence[Form]) -> Callable[..., None]:
    """The command as Typer sees it: a function with a parameter for each option."""
    signature = inspect.signature(command, eval_str=True)
    parts = {name: _part(words, one, forms) for name, one in signature.parameters.items()}

    def run(**given: Any) -> None:
        command(**{name: part.made(given) for name, part in parts.items()})

    parameters = [one for part in parts.values() for one in part.parameters]
    run.__name__, run.__doc__ = command.__name__, command.__doc__
    # Typer reads a signature and the annotations; both may be given to a function in this way (PEP 362).
    cast("Any", run).__signature__ = inspect.Signature(parameters)
    run.__annotations__ = {one.name: one.annotation for one in parameters}
    return run


def _part(words: str, parameter: inspect.Parameter, forms: Sequence[Form]) -> _Part:
    if parameter.annotation is Settings:
        by_setting = {form.setting: form for form in forms}
        options = [_of_setting(words, by_setting.get(one, Form(one))) for one in options_of(words)]
        return _InForce([_named(_CONTEXT, typer.Context), *options])
    kind, *notes = get_args(parameter.annotation) or (parameter.annotation,)
    if isinstance(kind, type) and issubclass(kind, Struct):
        left_out = {name for note in notes if isinstance(note, _LeftOut) for name in note.names}
        taken = [one for one in fields(kind) if one.name not in left_out]
        return _Group([_named(one.name, one.type, one.default) for one in taken], kind)
    return _Own([parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY)])


def _of_setting(words: str, form: Form) -> inspect.Parameter:
    """An option or argument for a setting; it is required where the command needs it."""
    setting = form.setting
    value_type = _type_of(setting.kind)
    # The key, since the name of an option may be a word of Python: --from.
    name = setting.key.replace(".", "_")
    shown = (
        typer.Argument(envvar=setting.variable, help=setting.meaning, metavar=str(setting.option)[2:])
        if form.is_argument
        else option(setting, *form.short, meaning=form.meaning)
    )
    if form.is_needed or words.partition(" ")[0] in setting.needed_by:
        return _named(name, Annotated[value_type, shown])
    default = form.default if setting.default in (None, ()) else setting.default
    return _named(name, Annotated[value_type | None, shown], default)


def _type_of(kind: Kind[Any]) -> Any:
    if isinstance(kind, Choice):
        return kind.words if kind.is_listed else str
    return _TYPES[type(kind)]


def _named(name: str, annotation: Any, default: Any = NODEFAULT) -> inspect.Parameter:
    return inspect.Parameter(
        name,
        inspect.Parameter.KEYWORD_ONLY,  # so that those that are required may stand behind others
        default=inspect.Parameter.empty if default is NODEFAULT else default,
        annotation=annotation,
    )
