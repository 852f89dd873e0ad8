"""Kinds of values: how each is written in the file and in a variable, and what it must be.

Whatever can't be used is a ValueError that says what is allowed, and shows the value: a secret is no value of these
kinds, see `tocsin.config.settings.secret_files`.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, Generic, TypeVar, cast

from adapters.files.opening import read_bounded

MASK: Final = "***"
"""In place of a secret."""

T = TypeVar("T")
C = TypeVar("C", bound=StrEnum)

MOST_BYTES: Final = 16 * 1_048_576
"""Of a file that is read, as certificates are."""

_YES: Final = ("on", "true", "yes", "y", "t", "1")
_NO: Final = ("off", "false", "no", "n", "f", "0")


class Kind(ABC, Generic[T]):
    """A kind of value. `said` tells what is allowed, behind `is not`."""

    said: str
    schema: Mapping[str, Any]

    @abstractmethod
    def parse(self, text: str) -> T:
        """The value that a variable holds."""

    @abstractmethod
    def accept(self, value: object) -> T:
        """The value that the settings file holds."""

    def take(self, value: Any) -> T:
        """The value that an option gave: of the right type, or words."""
        self.check(value)
        return cast("T", value)

    def check(self, value: T) -> None:
        """Refuse a value of the right type that can't be used all the same."""

    def toml(self, value: T) -> str:
        """As the file holds it."""
        return json.dumps(value, ensure_ascii=False)

    def refused(self, value: object) -> ValueError:
        """What is raised for this value."""
        return ValueError(f"{value!r} is not {self.said}")


class Text(Kind[str]):
    """One line of text. `check` raises ValueError for what can't be used."""

    def __init__(self, said: str = "text", check: Callable[[str], object] | None = None) -> None:
        self.said, self._check = said, check
        self.schema = {"type": "string", "minLength": 1}

    def parse(self, text: str) -> str:
        """See Kind."""
        self.check(text)
        return text

    def accept(self, value: object) -> str:
        """See Kind."""
        if not isinstance(value, str) or not value:
            raise self.refused(value)
        return self.parse(value)

    def check(self, value: str) -> None:
        """See Kind."""
        if self._check is not None:
            self._check(value)


class Choice(Kind[C]):
    """One of a few words, in any case where all of them are of one.

    Where `is_listed`, help lists the words, and the command line is wrong with another; else the setting's meaning
    names them, and another is refused as a setting.
    """

    def __init__(self, words: type[C], is_listed: bool = False) -> None:
        self.words, self.is_listed = words, is_listed
        cases = (str.lower, str.upper)
        self._in_case = next((case for case in cases if all(word == case(word) for word in words)), str)
        self.said = f"one of {', '.join(words)}"
        self.schema = {"enum": [word.value for word in words]}

    def parse(self, text: str) -> C:
        """See Kind."""
        try:
            return self.words(self._in_case(text))
        except ValueError:
            raise self.refused(text) from None

    def accept(self, value: object) -> C:
        """See Kind."""
        if not isinstance(value, str):
            raise self.refused(value)
        return self.parse(value)

    def take(self, value: Any) -> C:
        """See Kind."""
        return self.accept(value)


class Flag(Kind[bool]):
    """Yes or no: `true` or `false` in the file, `on` or `off` in a variable."""

    said = "on or off"
    schema: Mapping[str, Any] = {"type": "boolean"}

    def parse(self, text: str) -> bool:
        """See Kind."""
        word = text.lower()
        if word not in _YES + _NO:
            raise self.refused(text)
        return word in _YES

    def accept(self, value: object) -> bool:
        """See Kind."""
        if isinstance(value, bool):
            return value
        raise ValueError(f"{value!r} is not true or false")


class Number(Kind[float]):
    """A number of at least `minimum`, and at most `maximum` where there is one."""

    def __init__(self, minimum: float, maximum: float | None = None) -> None:
        self.minimum, self.maximum = minimum, maximum
        self.said = f"a number of at least {minimum}" + ("" if maximum is None else f" and at most {maximum}")
        self.schema = {"type": "number", "minimum": minimum} | ({} if maximum is None else {"maximum": maximum})

    def parse(self, text: str) -> float:
        """See Kind."""
        try:
            value = float(text)
        except ValueError:
            raise self.refused(text) from None
        self.check(value)
        return value

    def accept(self, value: object) -> float:
        """See Kind."""
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.refused(value)
        self.check(value)
        return float(value)

    def check(self, value: float) -> None:
        """See Kind. Neither infinite nor `nan` is a number here."""
        if not self.minimum <= value < float("inf") or (self.maximum is not None and value > self.maximum):
            raise self.refused(value)


class Whole(Kind[int]):
    """A whole number of at least `minimum`."""

    def __init__(self, minimum: int) -> None:
        self.minimum = minimum
        self.said = f"a whole number of at least {minimum}"
        self.schema = {"type": "integer", "minimum": minimum}

    def parse(self, text: str) -> int:
        """See Kind."""
        try:
            value = int(text)
        except ValueError:
            raise self.refused(text) from None
        self.check(value)
        return value

    def accept(self, value: object) -> int:
        """See Kind."""
        if isinstance(value, bool) or not isinstance(value, int):
            raise self.refused(value)
        self.check(value)
        return value

    def check(self, value: int) -> None:
        """See Kind."""
        if value < self.minimum:
            raise self.refused(value)


class Place(Kind[Path]):
    """A file or folder; where it `is_read`, a file that can be read."""

    schema: Mapping[str, Any] = {"type": "string", "minLength": 1}

    def __init__(self, said: str, is_read: bool = False) -> None:
        self.said, self.is_read = said, is_read

    def parse(self, text: str) -> Path:
        """See Kind."""
        place = Path(text)
        self.check(place)
        return place

    def accept(self, value: object) -> Path:
        """See Kind."""
        if not isinstance(value, str) or not value:
            raise self.refused(value)
        return self.parse(value)

    def check(self, value: Path) -> None:
        """See Kind."""
        if "\0" in str(value):
            raise ValueError(f"{str(value)!r} can't be a name of a file or folder: there is a NUL in it")
        if not self.is_read:
            return
        try:
            # Whether it can be read is found out now, by name: libraries would say it without one.
            read_bounded(value, MOST_BYTES)
        except OSError as error:
            raise ValueError(f"{value} can't be read: {error.strerror}") from None

    def toml(self, value: Path) -> str:
        """See Kind."""
        return json.dumps(str(value), ensure_ascii=False)


class Words(Kind[tuple[str, ...]]):
    """Several words: a list in the file, with blanks between them in a variable."""

    said = "a list of words without blanks"
    schema: Mapping[str, Any] = {"type": "array", "items": {"type": "string", "pattern": r"^\S+$"}}

    def parse(self, text: str) -> tuple[str, ...]:
        """See Kind."""
        return tuple(text.split())

    def accept(self, value: object) -> tuple[str, ...]:
        """See Kind."""
        if not isinstance(value, list) or not all(isinstance(one, str) and one.split() == [one] for one in value):
            raise self.refused(value)
        return tuple(value)

    def take(self, value: Any) -> tuple[str, ...]:
        """See Kind. On the command line, the option is repeated."""
        return tuple(value)
