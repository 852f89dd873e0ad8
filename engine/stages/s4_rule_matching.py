"""Stage 4: which rules match.

The questions that one save raises, the port that answers them, and the answers put to use.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, Protocol

from msgspec import Struct

from engine.field_values import Subject, value_of
from engine.rulebook.conditions.evaluate import holds
from engine.rulebook.conditions.syntax import leaves
from engine.rulebook.rulebook import Rule, Ruleset
from engine.scope import Scope
from engine.stages.s3_recipients import Recipient
from schemas.errors import UnusableError
from schemas.job import PersonRef
from schemas.vocabulary import Audience, Category, Channel, Trigger


class Question(Struct, frozen=True):
    """Which rules of the ruleset match for someone of this audience, this trigger and these facts.

    `facts` holds what the ruleset reads for the audience, by field name: text, number, boolean, a tuple of texts, or
    None where there is nothing comparable.
    """

    ruleset: Ruleset
    audience: Audience
    trigger: Trigger
    facts: Mapping[str, Any]


Answer = frozenset[int]
"""The positions of the rules that match."""


class RuleMatcher(Protocol):
    """The rule engine, as a port."""

    def match(self, questions: Sequence[Question]) -> Sequence[Answer]:
        """One answer for each question, in their order."""
        ...


class MatcherUnavailableError(UnusableError, RuntimeError):
    """The rule engine can't answer at all: nothing may be decided until it can."""


class ReferenceMatcher:
    """The plain-Python evaluator: what every other matcher must agree with."""

    def match(self, questions: Sequence[Question]) -> list[Answer]:
        """See RuleMatcher."""
        return [_matching(question) for question in questions]


def _matching(question: Question) -> Answer:
    return frozenset(
        rule.position
        for rule in question.ruleset.rules
        if rule.category.audience is question.audience
        and question.trigger in rule.triggers
        and (rule.condition is None or holds(rule.condition, question.facts))
    )


Asked = tuple[Trigger, PersonRef]


class Inquiry(Struct, frozen=True):
    """The questions of one save, and which of them is about whom.

    People about whom the rules read the same share one. For a person and a trigger there is one, or, where the rules
    read it, one for each channel, in the order of Channel.
    """

    questions: list[Question]
    about: dict[Asked, tuple[int, ...]]


def inquire(scope: Scope, recipients: Sequence[Recipient]) -> Inquiry:
    """What must be asked to know every rule that matches for each recipient and trigger."""
    ruleset = scope.rulebook.derive(scope.contract.ticks)
    inquiry = Inquiry([], {})
    shared: dict[tuple[Trigger, Audience], tuple[int, ...]] = {}
    for recipient in recipients:
        audience = recipient.category.audience
        for trigger in scope.triggers:
            asked = (trigger, recipient.person)
            if asked in inquiry.about:
                continue
            positions = shared.get((trigger, audience))
            if positions is None:
                asking = _questions(scope, ruleset, recipient, trigger)
                positions = tuple(range(len(inquiry.questions), len(inquiry.questions) + len(asking)))
                inquiry.questions.extend(asking)
                # Rules that read nothing of the person give all of an audience the same answer: asked once for all.
                if not _reads_person(ruleset, audience):
                    shared[trigger, audience] = positions
            inquiry.about[asked] = positions
    return inquiry


def _questions(scope: Scope, ruleset: Ruleset, recipient: Recipient, trigger: Trigger) -> list[Question]:
    audience = recipient.category.audience
    read = ruleset.reads[audience]
    subject = Subject(scope, trigger, recipient.record)
    facts = {field.name: value_of(field.name, subject) for field in read}
    if _CHANNEL not in facts:
        return [Question(ruleset, audience, trigger, facts)]
    return [Question(ruleset, audience, trigger, {**facts, _CHANNEL: channel.value}) for channel in Channel]


_CHANNEL: Final = "channel"
_INDEX: Final = {channel: index for index, channel in enumerate(Channel)}


def _reads_person(ruleset: Ruleset, audience: Audience) -> bool:
    return any(field.name.startswith("person.") for field in ruleset.reads[audience])


class Matches:
    """The rules that match, by person and trigger: after those that another takes the place of are gone.

    Where conditions read the channel, that is so for each channel by itself.
    """

    def __init__(
        self, scope: Scope, recipients: Sequence[Recipient], inquiry: Inquiry, answers: Sequence[Answer]
    ) -> None:
        self._rules = scope.rulebook.derive(scope.contract.ticks).rules
        rules = {rule.position: rule for rule in self._rules}
        reached: dict[PersonRef, set[Category]] = {}
        for recipient in recipients:
            reached.setdefault(recipient.person, set()).add(recipient.category)
        matching = [[rules[position] for position in sorted(answer)] for answer in answers]
        self._answered, self._about, self._reached = matching, inquiry.about, reached
        self._matching = {
            asked: [_in_force(matching[index], reached[asked[1]]) for index in indices]
            for asked, indices in inquiry.about.items()
        }

    def of(self, person: PersonRef, trigger: Trigger, category: Category, channel: Channel) -> list[Rule]:
        """The rules that bring this person this trigger, through this category and on this channel.

        In the order of the file.
        """
        found = self._matching[trigger, person]
        matching = found[0] if len(found) == 1 else found[_INDEX[channel]]
        return [rule for rule in matching if rule.category is category and channel in rule.channels]

    def everyone(self) -> Iterator[tuple[Rule, PersonRef]]:
        """Every rule that matches, with each person for whom it does, also where another takes its place."""
        for asked, indices in self._about.items():
            for rule in (rule for index in indices for rule in self._answered[index]):
                if rule.category in self._reached[asked[1]]:
                    yield rule, asked[1]

    def doubt(
        self, unreadable: Mapping[str, str], trigger: Trigger, category: Category, channel: Channel
    ) -> str | None:
        """The record without which nobody knows what `of` would give; None where it is known.

        `unreadable` are records that can't be read, by the name that conditions give them. A rule that reads one of
        them may match or not; so one that is this way's, or takes the place of one of this way's, leaves it open.
        """
        asked = [rule for rule in self._rules if trigger in rule.triggers]
        names = {rule.name for rule in asked if rule.category is category and channel in rule.channels}
        for rule in asked:
            if rule.condition is None or not (rule.name in names or rule.instead_of in names):
                continue
            for name in (name for leaf in leaves(rule.condition) for name in leaf.reads):
                record = unreadable.get(name.partition(".")[0])
                if record is not None:
                    return record
        return None


def _in_force(matching: Sequence[Rule], reached: set[Category]) -> list[Rule]:
    """The matching rules for the categories that reach the person, without those whose place another one takes."""
    rules = [rule for rule in matching if rule.category in reached]
    # A rule takes another's place only where both match this person, so this is judged person by person.
    replaced = {rule.instead_of for rule in rules if rule.instead_of is not None}
    return [rule for rule in rules if rule.name not in replaced] if replaced else rules
