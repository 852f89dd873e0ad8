"""Conditions that can never hold or always hold, and parts of them that can't, or that say nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from engine.rulebook.conditions.spans import span_of, written
from engine.rulebook.conditions.syntax import And, Node, OneOf, Or, TextRelation, TextTest, leaves
from engine.rulebook.rulebook import Rule, Rulebook
from schemas.finding import Finding, FindingCode
from schemas.problem import Problem
from tocsin.authoring.lint.categories import by_audience, told_once, written_rules
from tocsin.authoring.lint.reasoning import Circumstances, always_holds, implies, never_holds
from tocsin.authoring.lint.subject import Subject
from tocsin.authoring.lint.texts import texts_of

MAX_LEAVES: Final = 60
"""A condition with more comparisons is judged only as a whole: each part would cost an expansion."""


def findings(subject: Subject) -> Iterator[Finding]:
    """The findings about the conditions of all rules that the file itself holds."""
    rulebook = subject.reading.rulebook
    if rulebook is None:
        return
    for rule in written_rules(subject.rules):
        found = by_audience(rule, lambda copy: _problems(copy, rulebook))
        for problem in told_once(found):
            yield subject.at(problem)


def _problems(rule: Rule, rulebook: Rulebook) -> Iterator[Problem]:
    if rule.condition is not None and rule.text is not None:
        yield from _Condition(rule, rule.condition, rule.text, rulebook).problems()


def circumstances(rule: Rule, rulebook: Rulebook) -> Circumstances:
    """The circumstances in which a rule's condition is asked."""
    return Circumstances(rulebook.fields, rule.category.audience, rule.triggers, rule.channels)


class _Condition:
    """One condition, taken apart."""

    def __init__(self, rule: Rule, node: Node, text: str, rulebook: Rulebook) -> None:
        self._rule = rule
        self._node = node
        self._text = text
        self._given = circumstances(rule, rulebook)

    def problems(self) -> Iterator[Problem]:
        yield from self._wildcards()
        if never_holds([self._node], self._given):
            yield self._never()
        elif always_holds(self._node, self._given):
            message = "this condition always holds: the rule works as if there were none"
            advice = "take `if` out, or write what was meant"
            yield self._problem(self._node, FindingCode.ALWAYS_HOLDS, message, advice)
        elif sum(1 for _ in leaves(self._node)) <= MAX_LEAVES:
            yield from self._parts(self._node, ())

    def _wildcards(self) -> Iterator[Problem]:
        """Texts with a `*`, which stands for itself alone."""
        for leaf in leaves(self._node):
            if isinstance(leaf, OneOf | TextTest):
                for text, place, _ in texts_of(leaf):
                    if "*" in text:
                        message = "`*` stands for nothing but itself"
                        advice = _without_wildcards(leaf.field, text)
                        yield Problem((*self._rule.path, "if"), message, place, FindingCode.WILDCARD, advice)

    def _never(self) -> Problem:
        core = self._contradiction()
        advice = "write `or` where either is enough, or take one of them out"
        if len(core) == 1:
            message, advice = "this can never hold: the rule never matches", "write what was meant, or delete the rule"
        else:
            named = " and ".join(f"`{written(part, self._text)}`" for part in core)
            message = f"{named} can never hold together: the rule never matches"
        return self._problem(core[-1], FindingCode.NEVER_HOLDS, message, advice)

    def _contradiction(self) -> list[Node]:
        """As few parts of an `and` as it takes: without any one of them the others could hold."""
        # Greedy: one part after another is left out, as long as the rest still can't hold.
        core: list[Node] = [*self._node.parts] if isinstance(self._node, And) else [self._node]
        for part in list(core):
            rest = [one for one in core if one is not part]
            if rest and never_holds(rest, self._given):
                core = rest
        return core

    def _parts(self, node: Node, around: Sequence[Node]) -> Iterator[Problem]:
        """What is wrong inside a condition, where all that stands `around` it holds. What a `not` holds stays whole."""
        match node:
            case And(parts):
                yield from self._of_and(parts, around)
            case Or(parts):
                yield from self._of_or(parts, around)

    def _of_and(self, parts: Sequence[Node], around: Sequence[Node]) -> Iterator[Problem]:
        kept = list(parts)
        # From the end: of two parts that say the same, the finding is about the later one.
        for part in reversed(parts):
            others = [one for one in kept if one is not part]
            if implies([*around, *others], part, self._given):
                kept = others
                message = "this part always holds where the others do"
                yield self._problem(part, FindingCode.REDUNDANT_PART, message, "take it out, or write what was meant")
        for part in kept:
            yield from self._parts(part, [*around, *(one for one in kept if one is not part)])

    def _of_or(self, parts: Sequence[Node], around: Sequence[Node]) -> Iterator[Problem]:
        kept = list(parts)
        for part in reversed(parts):
            if never_holds([*around, part], self._given):
                kept = [one for one in kept if one is not part]
                message = "this part of the `or` can never hold here"
                advice = "take it out, or write what was meant"
                yield self._problem(part, FindingCode.UNREACHABLE_PART, message, advice)
        for part in reversed(kept.copy()):
            others = [one for one in kept if one is not part]
            if others and implies([*around, part], Or(tuple(others)), self._given):
                kept = others
                message = "this part of the `or` adds nothing to the others"
                yield self._problem(part, FindingCode.REDUNDANT_PART, message, "take it out, or write what was meant")
        for part in kept:
            # Inside one part, the others do not hold: what they cover has been said.
            yield from self._parts(part, around)

    def _problem(self, part: Node, code: FindingCode, message: str, advice: str) -> Problem:
        place = span_of(part, self._text)
        return Problem((*self._rule.path, "if"), message, place, code, advice)


def _without_wildcards(field: str, text: str) -> str:
    """What to write in the place of a text that was meant as a pattern."""
    wanted = text.strip("*")
    if not wanted.strip() or "*" in wanted:
        return "write `contains`, `starts with` or `ends with` a text without it"
    relation = TextRelation.CONTAINS
    if text.startswith("*") is not text.endswith("*"):
        relation = TextRelation.ENDS_WITH if text.startswith("*") else TextRelation.STARTS_WITH
    quoted = wanted.replace("\\", "\\\\").replace('"', '\\"')
    return f'write `{field} {relation} "{quoted}"`'
