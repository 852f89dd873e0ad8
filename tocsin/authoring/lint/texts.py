"""Texts of a rule file that are not what they look like: characters that can't be seen, languages that nobody reads."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from typing import Final

from engine.rulebook.conditions.syntax import Leaf, Listed, OneOf, TextTest, leaves
from engine.rulebook.rulebook import Rule
from schemas.finding import Finding, FindingCode
from schemas.problem import Path, Place, Problem
from schemas.suggestion import closest
from tocsin.authoring.lint.subject import Subject

_JOINERS: Final = "\u200c\u200d"
"""They are part of words in Persian and Hindi, and of emoji."""


def findings(subject: Subject) -> Iterator[Finding]:
    """Of conditions, names of statuses and keywords of the file itself."""
    if subject.policy is None:
        return
    rules = {rule.path: rule for rule in subject.rules if rule.path}
    for rule in rules.values():
        for problem in (*_in_condition(rule), *_in_keyword(rule, subject.policy.languages)):
            yield subject.at(problem)
    for status in subject.policy.statuses:
        found = unseen_in(status, is_exact=True)
        if found is not None:
            yield subject.at(_unseen(("settings", "statuses", status), status, found, at_key=True))


def unseen_in(text: str, *, is_exact: bool) -> int | None:
    """Where the first character stands that nobody sees, or that only looks like a blank where it `is_exact`."""
    for at, character in enumerate(text):
        category = unicodedata.category(character)
        is_blank = category == "Zs" and character != " "
        is_unseen = category in ("Cc", "Cf", "Zl", "Zp", "Cn", "Co") and character not in _JOINERS
        if (is_unseen and not "\U000e0020" <= character <= "\U000e007f") or (is_exact and is_blank):
            return at
    return None


def _in_condition(rule: Rule) -> Iterator[Problem]:
    for leaf in leaves(rule.condition) if rule.condition is not None else ():
        for text, place, is_exact in texts_of(leaf):
            found = unseen_in(text, is_exact=is_exact)
            if found is not None:
                yield _unseen((*rule.path, "if"), text, found, place)


def texts_of(leaf: Leaf) -> Iterator[tuple[str, Place, bool]]:
    """The texts with which a field is compared, their places, and whether they are compared exactly."""
    match leaf:
        case OneOf():
            for value, place in zip(leaf.values, leaf.value_places, strict=True):
                if isinstance(value, str):
                    yield value, place, True
        case Listed(value=str() as value):
            yield value, leaf.value_place, True
        case TextTest():
            yield leaf.text, leaf.text_place, False


def _unseen(path: Path, text: str, at: int, place: Place | None = None, *, at_key: bool = False) -> Problem:
    what = "is a blank of another kind" if unicodedata.category(text[at]) == "Zs" else "can't be seen"
    message = f"character {at + 1} of this text {what} (U+{ord(text[at]):04X})"
    advice = "write the text anew by hand, unless it is meant"
    return Problem(path, message, place, FindingCode.UNSEEN_CHARACTER, advice, at_key)


def _in_keyword(rule: Rule, languages: tuple[str, ...]) -> Iterator[Problem]:
    keyword = rule.keyword
    if keyword is None:
        return
    path = (*rule.path, "send", "keyword")
    if isinstance(keyword, Mapping):
        for language in keyword.keys() - {*languages}:
            message = f"`{language}` is not one of `settings: languages:`, so nobody gets this keyword"
            advice = closest(language, languages) or "name one of them"
            yield Problem((*path, language), message, None, FindingCode.UNKNOWN_VALUE, advice, at_key=True)
    for words, text in keyword.items() if isinstance(keyword, Mapping) else [((), keyword)]:
        found = next((at for at, one in enumerate(text) if unicodedata.category(one) == "Cc"), None)
        if found is not None:
            yield _unseen((*path, words) if words else path, text, found)
