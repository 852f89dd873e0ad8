"""What is wrong with a rule file's content beside the form of single values."""

from __future__ import annotations

from msgspec import Struct

from engine.rulebook.conditions.lexer import ConditionError
from schemas.errors import InputError
from schemas.problem import Path, Problem
from schemas.vocabulary import Audience


def problem_of_condition(path: Path, error: ConditionError) -> Problem:
    """What is wrong with the condition that stands at this path."""
    return Problem(path, error.message, error.place, error.code, error.suggestion)


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
