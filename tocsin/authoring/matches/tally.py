"""One rule on recorded events: how many it matched, on which tickets, for whom, and what kept it from the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Final

from msgspec import Struct, field

from engine.decide import Decision, Judged, judge_all
from engine.directory.directory import Directory
from engine.field_values import Subject, value_of
from engine.ports import RulesInForce
from engine.rulebook.conditions.evaluate import holds
from engine.rulebook.conditions.spans import written
from engine.rulebook.conditions.syntax import And, Node, leaves
from engine.rulebook.rulebook import Rule, Rulebook
from engine.stages.s3_recipients import Recipient
from schemas.decision import Skip
from schemas.job import PersonRef
from tocsin.authoring.event_files import Line, batches
from tocsin.authoring.explain.case import Case, called
from tocsin.authoring.explain.reasons import in_words

MOST_TOLD_APART: Final = 100_000
"""Tickets and people that are told apart; beyond, their number is `at least`."""

OTHERWISE_TOLD: Final = "told by a rule that takes this one's place, or through another reader of the mailbox"


class Example(Struct, frozen=True):
    """A ticket on which the rule matched: the first event that did, and the people for whom it did then."""

    ticket: str
    event: str
    people: list[PersonRef]


class RuleTally(Struct):
    """What became of the events. `kept_by` counts those that the rule did not match, by what stopped it first.

    `not_told` counts people for whom it matched and who got no message by it, once for each event, by reason. For
    reasons of both, `such_as` has the first case in words.
    """

    events: int = 0
    refused: int = 0
    matched: int = 0
    told: int = 0
    tickets: set[Hashable] = field(default_factory=set)
    people: set[PersonRef] = field(default_factory=set)
    people_told: set[PersonRef] = field(default_factory=set)
    examples: list[Example] = field(default_factory=list)
    kept_by: Counter[str] = field(default_factory=Counter)
    not_told: Counter[str] = field(default_factory=Counter)
    such_as: dict[str, str] = field(default_factory=dict)


class Matching:
    """Counts what one rule does. A rule for several categories is one rule for each, under one name."""

    def __init__(self, rules: Sequence[Rule], examples: int, known: tuple[Directory, Rulebook]) -> None:
        self._known = known
        self._rules = {rule.position: rule for rule in rules}
        self._name = rules[0].name
        self._examples = examples
        self.tally = RuleTally()

    def add(self, judged: Judged) -> None:
        """Take a decision into account."""
        tally, decision = self.tally, judged.decision
        tally.events += 1
        matching = () if judged.matches is None else judged.matches.everyone()
        people = [*dict.fromkeys(person for rule, person in matching if rule.name == self._name)]
        if not people:
            tally.kept_by[self._kept_by(judged)] += 1
            return
        tally.matched += 1
        ticket = decision.event.ticket
        is_new = (decision.event.source, ticket.id) not in tally.tickets
        if len(tally.tickets) < MOST_TOLD_APART:
            tally.tickets.add((decision.event.source, ticket.id))
        if is_new and len(tally.examples) < self._examples:
            tally.examples.append(Example(ticket.reference or ticket.id, decision.event.id, people))
        told = {job.person for job in decision.jobs if self._name in job.rules}
        tally.told += bool(told)
        for known, more in ((tally.people, people), (tally.people_told, told)):
            if len(known) < MOST_TOLD_APART:
                known.update(more)
        self._add_not_told(judged, set(people) - told)

    def _add_not_told(self, judged: Judged, people: set[PersonRef]) -> None:
        categories = {rule.category for rule in self._rules.values()}
        for person in people:
            skips = [one for one in judged.decision.skipped if one.person == person and one.category in categories]
            furthest = max(skips, key=lambda skip: skip.reason.depth, default=None)
            self.tally.not_told[OTHERWISE_TOLD if furthest is None else furthest.reason.value] += 1
            if furthest is not None:
                self._keep_words(furthest.reason.value, furthest, judged.decision)

    def _keep_words(self, counted_as: str, skip: Skip, decision: Decision) -> None:
        if counted_as not in self.tally.such_as:
            directory, rulebook = self._known
            why = in_words(Case(skip, decision, directory, rulebook)).why
            who = "" if skip.person is None else f"{called(skip.person, directory)}, "
            self.tally.such_as[counted_as] = f"{who}event {decision.event.id}: {why}"

    def _kept_by(self, judged: Judged) -> str:
        """What stopped the rule first, on its way from the event to a person."""
        prepared, decision = judged.prepared, judged.decision
        if decision.reason is not None:
            counted_as = f"the event alerts nobody [{decision.reason}]"
            for skip in decision.skipped:
                self._keep_words(counted_as, skip, decision)
            return counted_as
        if prepared.scope is None:
            return "the event alerts nobody"
        ticked = [one for one in self._rules.values() if one.category.bit & prepared.scope.contract.ticks]
        if not ticked:
            return f"the contract has no tick for {_either(one.category for one in self._rules.values())}"
        reached = [one for one in prepared.found.recipients if one.category in {rule.category for rule in ticked}]
        if not reached:
            return f"nobody is attached for {_either(rule.category for rule in ticked)}"
        if not any(trigger in rule.triggers for rule in ticked for trigger in prepared.triggers):
            return f"the save means {' and '.join(prepared.triggers)}, which the rule is not `on`"
        return _closed_part(judged, ticked, reached)


def _either(names: Iterable[str]) -> str:
    return " or ".join(dict.fromkeys(names))


def _closed_part(judged: Judged, rules: Sequence[Rule], reached: Sequence[Recipient]) -> str:
    """The part of the condition that kept the rule from whoever came furthest in it."""
    best, told = -1, ""
    for rule in rules:
        condition = rule.condition
        parts: Sequence[Node] = condition.parts if isinstance(condition, And) else ()
        parts = parts or (() if condition is None else (condition,))
        for subject in _subjects(judged, rule, reached):
            at = next((at for at, part in enumerate(parts) if not holds(part, _facts(part, subject))), len(parts))
            if best < at < len(parts):
                best, told = at, f"`{written(parts[at], rule.text or '')}` does not hold"
    return told or "its condition does not hold"


def _subjects(judged: Judged, rule: Rule, reached: Sequence[Recipient]) -> Iterator[Subject]:
    """All of whom, and of which trigger and channel, the rule's condition is asked."""
    scope = judged.prepared.scope
    for recipient in reached if scope is not None else ():
        if scope is not None and recipient.category is rule.category:
            for trigger in (one for one in scope.triggers if one in rule.triggers):
                yield from (Subject(scope, trigger, recipient.record, channel) for channel in rule.channels)


def _facts(node: Node, subject: Subject) -> dict[str, object]:
    return {name: value_of(name, subject) for leaf in leaves(node) for name in leaf.reads}


def match_events(
    lines: Iterable[Line],
    rules: Sequence[Rule],
    directory: Directory,
    in_force: RulesInForce,
    at: datetime | None,
    examples: int,
    progress: Callable[[int], None],
) -> RuleTally:
    """What these rules, all of one name, do on recorded events.

    `at` is the time by which all are judged; None: each by its own. `progress` is told how many bytes are done.
    """
    counted = Matching(rules, examples, (directory, in_force.rulebook))
    for batch in batches(lines, at):
        counted.tally.refused += batch.refused
        for judged in judge_all(batch.cases, directory, in_force.rulebook, in_force.matcher):
            counted.add(judged)
        progress(batch.size)
    return counted.tally
