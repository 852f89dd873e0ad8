"""Why no rule matches for a person, in words: what each rule of the category asks for, and what to change there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from engine.decide import prepare
from engine.field_values import Subject, value_of
from engine.rulebook.calendars import DAYS
from engine.rulebook.conditions.evaluate import holds
from engine.rulebook.conditions.spans import written
from engine.rulebook.conditions.syntax import And, Node, leaves
from engine.rulebook.fields import TIME_IN
from engine.rulebook.rulebook import Rule
from schemas.vocabulary import Channel, Trigger
from tocsin.authoring.explain.case import Case, Words, adds, sets
from tocsin.authoring.explain.changes import RULE_FILE, Change, Entry
from tocsin.authoring.explain.lists_asked import list_changes
from tocsin.authoring.explain.reasons_of_records import spare_name


def no_rule(case: Case) -> Words:
    """See tocsin.authoring.explain.reasons."""
    category = case.category
    save = _Save(case)
    misses = [_Miss(save, rule) for rule in case.rulebook.rules if rule.category is category]
    why = f"no rule for {category} matches {_either(case.triggers)} here"
    wanted = case.brought_by
    told = [
        f"{miss.rule.name} {' and '.join(miss.reasons)}" for miss in misses if not wanted or miss.rule.name in wanted
    ]
    names = {rule.name for rule in case.rulebook.rules}
    told += [f"there is no rule {name}" for name in wanted if name not in names]
    why += f" ({'; '.join(told)})" if told else ""
    # Groups and tags are what the rule's author lets decide, so they come before a change of the rule.
    lists = [change for miss in misses for change in miss.lists()]
    rules = [change for miss in misses for change in miss.changes()]
    return Words(why, (*lists, *rules, _rule_of_their_own(case)))


class _Save:
    """What conditions read here: the save, and the person with whom it came to no rule."""

    def __init__(self, case: Case) -> None:
        decision = case.decision
        self.case = case
        self._scope = case.scope or prepare(decision.event, decision.now, case.directory, case.rulebook).scope

    def facts(self, node: Node, way: _Way) -> dict[str, Any]:
        """What the fields of a condition hold, looked up as stage 4 does: for one trigger and channel of the save."""
        if self._scope is None:
            return {}
        subject = Subject(self._scope, way[0], self.case.person, way[1])
        names = dict.fromkeys(name for leaf in leaves(node) for name in leaf.reads)
        return {name: value_of(name, subject) for name in names}

    @property
    def records(self) -> dict[str, str]:
        """The records that there are to change, by the names that conditions give them."""
        scope, person = self._scope, self.case.person
        found = {} if person is None else {"person": self.case.who}
        if scope is not None:
            found["contract"] = f"contract/{scope.contract.id}"
            if scope.customer is not None:
                found["customer"] = f"customer/{scope.customer_id}"
        return found

    def holds(self, rule: Rule, way: _Way) -> bool:
        """Whether the rule's condition does."""
        return rule.condition is None or holds(rule.condition, self.facts(rule.condition, way))


_Way = tuple[Trigger, Channel]
"""One for which a condition is asked."""


class _Miss:
    """What one rule asks for that this person, trigger and channel do not have."""

    def __init__(self, save: _Save, rule: Rule) -> None:
        case = save.case
        self._save = save
        self._case = case
        self.rule = rule
        self.has_trigger = case.trigger in rule.triggers
        self.has_channel = case.channel in rule.channels
        self.holds = save.holds(rule, (case.trigger, case.channel))

    @property
    def reasons(self) -> list[str]:
        """What is missing, in words: only that without which the rule would match.

        A save may raise several triggers, and the rule need be on one of them. So with channels: one that no rule uses
        is why there is no message by it, and not why no rule matches at all.
        """
        case, rule = self._case, self.rule
        asked = [trigger for trigger in case.triggers if trigger in rule.triggers]
        found = [] if asked else [f"is not on {' or '.join(case.triggers)}"]
        ways = [(trigger, channel) for trigger in asked or case.triggers for channel in self._channels(rule)]
        if rule.condition is not None and not any(self._save.holds(rule, way) for way in ways):
            found.append(self._asks_for(rule.condition, ways[0]))
        if case.is_one_way and not self.has_channel:
            found.append(f"does not send by {case.channel}")
        return found or [self._replaced()]

    def _channels(self, rule: Rule) -> list[Channel]:
        """Those for which it is asked whether the condition holds: by one of its channels, a rule need match."""
        return [self._case.channel] if self._case.is_one_way else [one for one in Channel if one in rule.channels]

    def _asks_for(self, condition: Node, way: _Way) -> str:
        """The parts of the condition that do not hold, and what their fields hold instead."""
        parts = condition.parts if isinstance(condition, And) else (condition,)
        closed = [part for part in parts if not holds(part, self._save.facts(part, way))]
        facts = {name: value for part in closed for name, value in self._save.facts(part, way).items()}
        here = ", ".join(f"{name} is {_shown(value)}{self._when(name)}" for name, value in facts.items())
        asked = " and ".join(f"`{written(part, self.rule.text or '')}`" for part in closed)
        return f"asks for {asked}, and {here}"

    def _replaced(self) -> str:
        triggers = [trigger for trigger in self._case.triggers if trigger in self.rule.triggers]
        for other in self._case.rulebook.rules:
            if other.instead_of == self.rule.name and any(
                trigger in other.triggers and self._save.holds(other, (trigger, channel))
                for trigger in triggers
                for channel in self._channels(other)
            ):
                return f"matches, but {other.name} takes its place"
        return "matches, but another rule takes its place"

    def _when(self, name: str) -> str:
        """Of a calendar what its clock and its days showed then."""
        if not name.startswith(TIME_IN):
            return ""
        calendar = self._case.rulebook.policy.calendars[name.removeprefix(TIME_IN)]
        shown = self._case.decision.event.time.astimezone(calendar.zone)
        holiday = ", a holiday" if calendar.is_holiday(shown.date()) else ""
        day = DAYS[shown.weekday()]
        return f" (it was {day} {shown:%Y-%m-%d %H:%M} in {calendar.zone.key}{holiday})"

    def lists(self) -> Iterator[Change]:
        """The one change of a list in a record with which it would match: of groups or tags."""
        if self.rule.condition is not None and self.has_trigger and self.has_channel and not self.holds:
            facts = self._save.facts(self.rule.condition, (self._case.trigger, self._case.channel))
            yield from list_changes(self.rule.condition, facts, self._save.records)

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


def _either(triggers: Sequence[Trigger]) -> str:
    return " or ".join(f"`{one}`" for one in triggers)


def _shown(value: Any) -> str:
    if value is None:
        return "missing"
    if isinstance(value, tuple):
        return f"({', '.join(map(_shown, value))})"
    return str(value).lower() if isinstance(value, bool) else f'"{value}"' if isinstance(value, str) else str(value)
