"""Why no rule matches for a person, in words: what each rule of the category asks for, and what to change there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from engine.decide import prepare
from engine.field_values import Subject, value_of
from engine.rulebook.calendars import DAYS
from engine.rulebook.conditions.evaluate import holds
from engine.rulebook.conditions.syntax import leaves
from engine.rulebook.fields import TIME_IN
from engine.rulebook.rulebook import Rule
from tocsin.authoring.explain.case import Case, Words, adds, sets
from tocsin.authoring.explain.changes import RULE_FILE, Change, Entry
from tocsin.authoring.explain.reasons_of_records import spare_name


def no_rule(case: Case) -> Words:
    """See tocsin.authoring.explain.reasons."""
    category, trigger = case.category, case.trigger
    misses = [_Miss(case, rule) for rule in case.rulebook.rules if rule.category is category]
    why = f"no rule for {category} matches `{trigger}` here"
    told = [f"{miss.rule.name} {' and '.join(miss.reasons)}" for miss in misses]
    why += f" ({'; '.join(told)})" if told else ""
    return Words(why, (*(change for miss in misses for change in miss.changes()), _rule_of_their_own(case)))


class _Miss:
    """What one rule asks for that this person, trigger and channel do not have."""

    def __init__(self, case: Case, rule: Rule) -> None:
        self._case = case
        self.rule = rule
        self.facts = _facts(case, rule)
        self.has_trigger = case.trigger in rule.triggers
        self.has_channel = case.channel in rule.channels
        self.holds = rule.condition is None or holds(rule.condition, self.facts)

    @property
    def reasons(self) -> list[str]:
        """What is missing, in words."""
        found = [] if self.has_trigger else [f"is not on {self._case.trigger}"]
        if not self.has_channel:
            found.append(f"does not send by {self._case.channel}")
        if not self.holds:
            here = ", ".join(f"{name} is {_shown(value)}{self._when(name)}" for name, value in self.facts.items())
            found.append(f"asks for `{self.rule.text}`, and {here}")
        return found or ["matches, but another rule takes its place"]

    def _when(self, name: str) -> str:
        """Of a calendar what its clock and its days showed then."""
        if not name.startswith(TIME_IN):
            return ""
        calendar = self._case.rulebook.policy.calendars[name.removeprefix(TIME_IN)]
        shown = self._case.decision.event.time.astimezone(calendar.zone)
        holiday = ", a holiday" if calendar.is_holiday(shown.date()) else ""
        day = DAYS[shown.weekday()]
        return f" (it was {day} {shown:%Y-%m-%d %H:%M} in {calendar.zone.key}{holiday})"

    def changes(self) -> Iterator[Change]:
        """The one change to the rule with which it would match; none where it takes more, or the rule is inherited."""
        # Advice to change several things about a rule is no help: a rule of one's own is simpler.
        if not self.rule.path or [self.has_trigger, self.has_channel, self.holds].count(False) != 1:
            return
        place = ("rules", Entry((("rule", self.rule.name),), self.rule.name))
        case = self._case
        if not self.has_trigger:
            yield adds(RULE_FILE, (*place, "on"), case.trigger.value, f"add {case.trigger}")
        elif not self.has_channel:
            yield adds(RULE_FILE, (*place, "send", "channels"), case.channel.value, f"add {case.channel}")
        elif len(self.rule.text or "") < _LONGEST:
            # Only for this person, so that advice that is followed without a second thought alerts nobody else.
            text = None if case.person is None else f"({self.rule.text}) or {_is_person(case)}"
            example = "" if text is None else f", for example with `or {_is_person(case)}` behind it"
            yield sets(RULE_FILE, (*place, "if"), text, f"let the condition hold here too{example}")


_LONGEST: Final = 3_000
"""Characters of a condition to which more can be added within the limits of rule files."""


def _rule_of_their_own(case: Case) -> Change:
    names = {rule.name for rule in case.rulebook.rules}
    name = next(one for one in _names(f"tell-{spare_name(case)}") if one not in names)
    rule: dict[str, Any] = {"rule": name, "for": case.category.value, "on": [case.trigger.value]}
    if case.person is not None:
        rule["if"] = _is_person(case)
    return adds(RULE_FILE, ("rules",), rule, f"add a rule for {case.category} that matches here, for example {name}")


def _names(name: str) -> Iterator[str]:
    yield name
    for number in range(2, 10_000):
        yield f"{name}-{number}"


def _is_person(case: Case) -> str:
    person = "" if case.skip.person is None else case.skip.person.id
    quoted = person.replace("\\", "\\\\").replace('"', '\\"')
    return f'person.id == "{quoted}"'


def _facts(case: Case, rule: Rule) -> dict[str, Any]:
    """What the fields of the rule's condition hold here."""
    decision = case.decision
    # Values are looked up as stage 4 does, so that the words never differ from what was decided.
    scope = prepare(decision.event, decision.now, case.directory, case.rulebook).scope
    if rule.condition is None or scope is None:
        return {}
    subject = Subject(scope, case.trigger, case.person, case.channel)
    names = dict.fromkeys(name for leaf in leaves(rule.condition) for name in leaf.reads)
    return {name: value_of(name, subject) for name in names}


def _shown(value: Any) -> str:
    if value is None:
        return "missing"
    if isinstance(value, tuple):
        return f"({', '.join(map(_shown, value))})"
    return str(value).lower() if isinstance(value, bool) else f'"{value}"' if isinstance(value, str) else str(value)
