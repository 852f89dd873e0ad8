"""Rules beside each other: the same, in each other's shadow, and `instead_of` that does nothing or everything."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import islice
from typing import Final

from engine.language import those_available
from engine.rulebook.conditions.syntax import leaves
from engine.rulebook.rulebook import Rule, Rulebook
from schemas.finding import Finding, FindingCode
from schemas.problem import Problem
from schemas.vocabulary import Channel
from tocsin.authoring.lint.categories import Written, told_once, written_rules
from tocsin.authoring.lint.reasoning import Circumstances, implies, never_holds
from tocsin.authoring.lint.subject import Subject
from tocsin.authoring.reach.forms import languages_of_rules_without_templates

MAX_PAIRS: Final = 5_000
"""Pairs of rules that are compared. Of more, it is said that they are not."""
MAX_LEAVES: Final = 40
"""Comparisons in two conditions together. Longer ones are not compared, since that takes too long."""

HOUR: Final = timedelta(hours=1)
GRACE: Final = 24 * HOUR
"""For a relay that is out of reach when a digest is due."""

_OTHERS: Final = [channel for channel in Channel if channel is not Channel.EMAIL]

SETTINGS: Final = ("template", *(f"template.{channel}" for channel in _OTHERS), "keyword", "format", "languages")
"""What a rule may say of its messages, by its path below `send`; a template alone is that of e-mails."""


def findings(subject: Subject) -> Iterator[Finding]:
    """The findings about every rule that the file itself holds, beside all that are in force with it."""
    rulebook = subject.reading.rulebook
    if rulebook is None:
        return
    for problem in (*problems(rulebook, subject.rules), *_languages(rulebook, subject.rules)):
        yield subject.at(problem)


def problems(rulebook: Rulebook, rules: Sequence[Rule]) -> Iterator[Problem]:
    """What is wrong with these rules of a rulebook beside each other; inherited ones have no place, and no problems."""
    beside = _Rules(rulebook, rules)
    yield from beside.not_compared()
    for rule in written_rules(rules):
        yield from told_once({copy.category: [*beside.problems_of(copy)] for copy in rule})
        yield from beside.always_replaced(rule)


def _languages(rulebook: Rulebook, rules: Sequence[Rule]) -> Iterator[Problem]:
    """Languages of messages in which there are no templates."""
    for rule, index in languages_of_rules_without_templates(rules, rulebook.policy):
        named = rule.languages or ()
        others = "the others alone" if those_available(named, rulebook.policy.languages) else "each reader's own"
        message = f"`{named[index]}` has no templates: these messages are written in {others}"
        advice = f"write templates in {named[index]} and add it to `settings: languages:`"
        code = FindingCode.LANGUAGE_WITHOUT_TEMPLATES
        yield Problem((*rule.path, "send", "languages", index), message, None, code, advice)


class _Rules:
    """The rules of a file, of which each may be compared with all others."""

    def __init__(self, rulebook: Rulebook, rules: Sequence[Rule]) -> None:
        self._rulebook = rulebook
        self._named: dict[str, list[Rule]] = {}
        for rule in rules:
            self._named.setdefault(rule.name, []).append(rule)
        self._replaced = {rule.instead_of for rule in rulebook.rules}
        # First those that always match, such as the default rules: of many rules, each is compared with them.
        ordered = sorted(rules, key=lambda rule: rule.condition is not None)
        pairs = ((one, other) for other in ordered for one in rules if _are_comparable(one, other))
        # Their number grows with the square of the rules, and each pair costs an expansion of two conditions.
        self._pairs = list(islice(pairs, MAX_PAIRS))
        self._is_cut = next(pairs, None) is not None

    def not_compared(self) -> Iterator[Problem]:
        """That there are more rules than are compared with each other, where it is so."""
        if self._is_cut:
            message = (
                f"so many rules are not all compared with each other, only {MAX_PAIRS} pairs of them: one that says "
                "what another says, or changes nothing beside it, may go unnamed"
            )
            advice = "ask `tocsin match RULE --events …` what a rule does that you doubt"
            yield Problem(("rules",), message, None, FindingCode.NOT_ALL_COMPARED, advice)

    def problems_of(self, rule: Rule) -> Iterator[Problem]:
        """What is wrong with a rule, beside all others. For a rule that never matches there is a finding already."""
        if never_holds([rule.condition], self._given(rule)):
            return
        yield from self._about_replacing(rule)
        others = [other for one, other in self._pairs if one is rule and self._stands_in(rule, other)]
        for other in others:
            if _is_same(rule, other) and implies([other.condition], rule.condition, self._given(other)):
                # The finding is about the later one of two rules that are the same.
                if other.position < rule.position:
                    message = f"this rule says the same as {_called(other)}"
                    yield _problem(rule, "rule", FindingCode.SAME_RULE, message, "delete one of them")
                return
        yield from self._about_shadows(rule, others)

    def _about_shadows(self, rule: Rule, others: Sequence[Rule]) -> Iterator[Problem]:
        """Whether another one, which always matches where this does, leaves it nothing to do."""
        hasty = next((one for one in others if one.sends_at_once and rule.channels <= one.channels), None)
        if hasty is not None and not rule.sends_at_once:
            key, what = ("quiet", "these quiet hours are never kept")
            if rule.digest is not None:
                key, what = ("digest", "this digest is never used")
            message = f"{what}: {_called(hasty)} always matches too, and sends at once"
            advice = f"write `instead_of: {hasty.name}`"
            yield _problem(rule, f"send.{key}", FindingCode.SHADOWED_SETTING, message, advice)
            return
        yield from _digest_problem(self._rulebook, rule)
        for other in others:
            if not _sends_no_later(other, rule):
                continue
            hidden = [name for name in SETTINGS if _given_before(rule, other, name)]
            own = [name for name in SETTINGS if _setting(rule, name) is not None]
            if rule.channels <= other.channels and own == hidden:
                message = (
                    f"this rule changes nothing: {_called(other)} matches wherever it does, and does all that it does"
                )
                yield _problem(rule, "rule", FindingCode.SHADOWED_RULE, message, _advice(other, own))
                return
        for name in SETTINGS:
            first = next((other for other in others if _given_before(rule, other, name)), None)
            if first is not None:
                message = (
                    f"this {name} is never used: {_called(first)} stands before it, always matches too, and gives one"
                )
                advice = f"write `instead_of: {first.name}`, or move this rule before it"
                yield _problem(rule, f"send.{name}", FindingCode.SHADOWED_SETTING, message, advice)

    def _about_replacing(self, rule: Rule) -> Iterator[Problem]:
        others = self._named.get(rule.instead_of or "", [])
        if others and not any(self._may_meet(rule, other) for other in others):
            message = f"this rule and {_called(others[0])} can never match together: it takes nobody's place"
            advice = "take `instead_of` out, or let the conditions meet"
            yield _problem(rule, "instead_of", FindingCode.NEVER_REPLACES, message, advice)

    def always_replaced(self, rule: Written) -> Iterator[Problem]:
        """That the rule which this one takes the place of never applies, for any of its categories."""
        others = self._named.get(rule[0].instead_of or "", [])
        # A rule that is replaced still takes the place of the one that it names itself.
        if not others or others[0].instead_of is not None:
            return
        if all(any(self._may_meet(copy, other) and self._covers(copy, other) for copy in rule) for other in others):
            other = others[0]
            message = f"{_called(other)} never applies: this rule takes its place wherever it matches"
            advice = (
                f"delete `{other.name}`" if other.path else f"name this rule `{other.name}` and leave `instead_of` out"
            )
            yield _problem(rule[0], "instead_of", FindingCode.ALWAYS_REPLACED, message, advice)

    def _may_meet(self, rule: Rule, other: Rule) -> bool:
        """Whether both may match for one person; so too where it is not known."""
        if rule.category.audience is not other.category.audience:
            return False
        both = Circumstances(self._rulebook.fields, rule.category.audience, rule.triggers & other.triggers)
        return not (_are_short(rule, other) and never_holds([rule.condition, other.condition], both))

    def _stands_in(self, rule: Rule, other: Rule) -> bool:
        """Whether the other one matches, and counts, wherever this one does, and this one takes nobody's place."""
        return rule.instead_of is None and other.name not in self._replaced and self._covers(other, rule)

    def _covers(self, wider: Rule, rule: Rule) -> bool:
        return (
            _are_comparable(rule, wider)
            and _are_short(rule, wider)
            and rule.triggers <= wider.triggers
            and implies([rule.condition], wider.condition, self._given(rule))
        )

    def _given(self, rule: Rule) -> Circumstances:
        return Circumstances(self._rulebook.fields, rule.category.audience, rule.triggers, rule.channels)


def _are_comparable(one: Rule, other: Rule) -> bool:
    return one is not other and one.category is other.category and bool(one.triggers & other.triggers)


def _are_short(one: Rule, other: Rule) -> bool:
    conditions = [rule.condition for rule in (one, other) if rule.condition is not None]
    return sum(1 for condition in conditions for _ in leaves(condition)) <= MAX_LEAVES


def _is_same(one: Rule, other: Rule) -> bool:
    """Whether two rules differ in nothing but name and condition."""
    return all(
        _setting(one, name) == _setting(other, name)
        for name in ("triggers", "channels", "instead_of", "digest", "quiet", *SETTINGS)
    )


def _sends_no_later(other: Rule, rule: Rule) -> bool:
    return other.sends_at_once or (other.digest, other.quiet) == (rule.digest, rule.quiet)


def _digest_problem(rulebook: Rulebook, rule: Rule) -> Iterator[Problem]:
    """Whether messages may expire before the digest that collects them is due."""
    within = rulebook.policy.deliver_within
    if rule.digest is not None and rule.digest.apart > within:
        message = f"messages expire {within // HOUR} hours after they are made: those that do before it go out at once"
        advice = f"write `deliver_within_hours: {(rule.digest.apart + GRACE) // HOUR}` under `settings`"
        yield _problem(rule, "send.digest", FindingCode.EXPIRES_BEFORE_DIGEST, message, advice)


def _setting(rule: Rule, name: str) -> object:
    field, _, channel = name.partition(".")
    return (rule.templates or {}).get(Channel(channel)) if channel else getattr(rule, field)


def _given_before(rule: Rule, other: Rule, name: str) -> bool:
    """Whether this setting of the rule is never asked for: the other one comes first on each channel, and has it."""
    mine, theirs = _setting(rule, name), _setting(other, name)
    comes_first = other.position < rule.position and rule.channels <= other.channels
    return mine is not None and theirs is not None and comes_first


def _called(rule: Rule) -> str:
    return f"`{rule.name}`" if rule.path else f"the default rule `{rule.name}`"


def _advice(other: Rule, own: Sequence[str]) -> str:
    if own:
        return f"delete this rule, or write `instead_of: {other.name}`"
    return (
        f"delete this rule; or, to narrow whom `{other.name}` tells, give this one its name; "
        f"or say under `send:` what it does differently"
    )


def _problem(rule: Rule, key: str, code: FindingCode, message: str, advice: str) -> Problem:
    return Problem((*rule.path, *key.split(".")), message, None, code, advice)
