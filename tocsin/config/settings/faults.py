"""What is wrong with settings: where, and what to do."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from msgspec import Struct

from schemas.errors import WrongSettingError
from tocsin.printing.printable import printable

_BEGINNING: Final = 200
_END: Final = 100


def in_one_line(text: str) -> str:
    """Without control characters, and without the middle where it is long: somebody may have put anything there."""
    if len(text) > _BEGINNING + _END:
        text = f"{text[:_BEGINNING]}…{text[-_END:]}"
    return printable(text)


class SettingsFault(Struct, frozen=True):
    """One thing that is wrong. `where` is a file with its line, a variable or an option; no secret is in either.

    `key` is that of the setting, where it is known.
    """

    where: str
    problem: str
    key: str | None = None

    def __str__(self) -> str:
        """In one line, as a person reads it."""
        return f"{in_one_line(self.where)}: {in_one_line(self.problem)}"


class SettingsError(WrongSettingError, ValueError):
    """Settings that can't be used: everything that is wrong, a line each."""

    def __init__(self, faults: Iterable[SettingsFault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(map(str, self.faults)))

    @classmethod
    def at(cls, where: str, problem: object) -> SettingsError:
        """One thing that is wrong."""
        return cls([SettingsFault(where, str(problem))])
