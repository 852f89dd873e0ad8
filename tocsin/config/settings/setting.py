"""What one setting is."""

from __future__ import annotations

from enum import Enum
from typing import Final, Generic, TypeVar

from msgspec import Struct

from tocsin.config.settings.kinds import Kind

T = TypeVar("T")

FILE_SUFFIX: Final = "_file"


class Secrecy(Enum):
    """Whether a value may be seen."""

    OPEN = "open"
    WITHIN = "within"
    """A URL that may hold a password: it is shown without it, and stands in the settings file only without it."""
    WHOLE = "whole"
    """Never shown; in the settings file, only the name of a file that holds it."""


class Setting(Struct, Generic[T], frozen=True, kw_only=True, eq=False):
    """A setting: one key of the file, one variable, and one option where it has one.

    `used_by` are commands by their first word; those in `needed_by` can't do without a value. Each of them takes the
    option, all its subcommands too, but those that are named in `optionless`, by all their words. A secret NAME may
    come from a file as well: by the variable NAME_FILE, and by the key with `_file` behind it.
    """

    key: str
    variable: str
    kind: Kind[T]
    meaning: str
    default: T | None = None
    option: str | None = None
    secrecy: Secrecy = Secrecy.OPEN
    used_by: tuple[str, ...]
    needed_by: tuple[str, ...] = ()
    optionless: tuple[str, ...] = ()

    @property
    def table(self) -> str:
        """The table of the file in which its keys stand."""
        return self.key.partition(".")[0]

    @property
    def is_secret(self) -> bool:
        """Whether it may come from a file of its own."""
        return self.secrecy is not Secrecy.OPEN

    @property
    def file_key(self) -> str:
        """The key that names the file of a secret."""
        return self.key + FILE_SUFFIX

    @property
    def file_variable(self) -> str:
        """The variable that names the file of a secret."""
        return self.variable + FILE_SUFFIX.upper()

    @property
    def keys(self) -> tuple[str, ...]:
        """Every key under which it may stand in the file."""
        of_file = (self.file_key,) if self.is_secret else ()
        return of_file if self.secrecy is Secrecy.WHOLE else (self.key, *of_file)

    @property
    def variables(self) -> tuple[str, ...]:
        """Every variable that it may come from."""
        return (self.variable, self.file_variable) if self.is_secret else (self.variable,)

    @property
    def names(self) -> str:
        """Key, option and variables, for whoever has to set it."""
        options = () if self.option is None else (self.option,)
        return f"{self.keys[0]} ({', '.join((*options, *self.variables))})"
