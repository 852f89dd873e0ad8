"""A rule of the file may be for several categories: what is wrong with it for all of them is said once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Final

from msgspec.structs import replace

from engine.rulebook.rulebook import Rule
from schemas.finding import FindingCode
from schemas.problem import Problem
from schemas.vocabulary import Audience, Category

Written = tuple[Rule, ...]
"""A rule as it was written: once for each of its categories."""

_USELESS: Final = frozenset(
    {FindingCode.NEVER_HOLDS, FindingCode.SAME_RULE, FindingCode.SHADOWED_RULE, FindingCode.NEVER_REPLACES}
)
"""What makes a rule useless for a category, so that it may as well not be for it."""

_NEEDED_FOR_OTHERS: Final = frozenset(
    {FindingCode.ALWAYS_HOLDS, FindingCode.UNREACHABLE_PART, FindingCode.REDUNDANT_PART}
)
"""What says nothing for one audience may tell the other apart."""


def written_rules(rules: Iterable[Rule]) -> Iterator[Written]:
    """The rules that the file itself holds; inherited ones have no place in it."""
    for path, copies in groupby(rules, key=lambda rule: rule.path):
        if path:
            yield tuple(copies)


def by_audience(rule: Written, judge: Callable[[Rule], Iterable[Problem]]) -> dict[Category, list[Problem]]:
    """What is found of each copy, where all for one audience are alike, as they are in their conditions."""
    first = {copy.category.audience: copy for copy in reversed(rule)}
    found = {audience: [*judge(copy)] for audience, copy in first.items()}
    return {copy.category: found[copy.category.audience] for copy in rule}


def told_once(found: Mapping[Category, Sequence[Problem]]) -> Iterator[Problem]:
    """The problems that a rule has for each of its categories; those that it has for some name them."""
    alike: dict[object, dict[Category, Problem]] = {}
    for category, problems in found.items():
        for problem in problems:
            alike.setdefault((problem.code, problem.path, problem.place), {}).setdefault(category, problem)
    for about in alike.values():
        first = next(iter(about.values()))
        same = [category for category, problem in about.items() if problem == first]
        if len(same) == len(found):
            yield first
        elif len(about) == len(found) or first.code not in _NEEDED_FOR_OTHERS:
            yield _told_for_some(first, same, [*about], found)


def _told_for_some(
    problem: Problem, same: Sequence[Category], alike: Sequence[Category], of: Collection[Category]
) -> Problem:
    others = [category for category in alike if category not in same]
    likewise = f", and likewise for {_named(others, of)}" if others else ""
    useless = problem.code in _USELESS and len(alike) < len(of)
    advice = f"take {_named(alike, of)} out of `for`" if useless else problem.suggestion
    if others and problem.path[-1] in {"digest", "quiet"} and problem.code is FindingCode.SHADOWED_SETTING:
        advice = "narrow those rules by an `if`, so that they leave these people to this one (docs/recipes.md, digests)"
    return replace(problem, message=f"for {_named(same, of)}: {problem.message}{likewise}", suggestion=advice)


def _named(categories: Sequence[Category], of: Iterable[Category]) -> str:
    """By their audience, where all that are of it are meant."""
    words: list[str] = []
    for audience in Audience:
        meant = [category for category in categories if category.audience is audience]
        whole = len(meant) > 1 and meant == [category for category in of if category.audience is audience]
        words += [audience] if whole else meant
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))
