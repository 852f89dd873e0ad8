"""What is wrong with a rule file's content, and where."""

from __future__ import annotations

from msgspec import Struct

from engine.rulebook.conditions.lexer import ConditionError
from engine.rulebook.conditions.syntax import Place
from schemas.errors import InputError
from schemas.finding import FindingCode
from schemas.vocabulary import Audience

Path = tuple[str | int, ...]


class Problem(Struct, frozen=True):
    """What is wrong, where, and what to do: `path` leads to a value of the file, `place` into that value's text."""

    path: Path
    message: str
    place: Place | None = None
    code: FindingCode = FindingCode.WRONG_VALUE
    suggestion: str = ""
    at_key: bool = False
    """It is about the key at the end of the path, not about the value."""

    @classmethod
    def of_condition(cls, path: Path, error: ConditionError) -> Problem:
        """What is wrong with the condition that stands at this path."""
        return cls(path, error.message, error.place, error.code, error.suggestion)


class RulebookError(InputError, ValueError):
    """A rule file that can't be used, with all that is wrong with it."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("; ".join(problem.message for problem in problems))
        self.problems = problems


class Partial(Struct, frozen=True):
    """A rule that could not be read as a whole: its place in the list, and what is known of it."""

    index: int
    name: str | None
    condition: str | None
    audiences: tuple[Audience, ...]
    """Those that it is for; none where that is not known."""
