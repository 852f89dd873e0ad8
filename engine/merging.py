"""Stage 6: one message for each person and address, and for each mailbox."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec import Struct

from engine.directory.records import Person
from engine.person_gates import Outcome, Passed
from engine.rulebook.rulebook import Rule
from schemas.decision import Skip
from schemas.job import PersonRef
from schemas.mailbox import mailbox
from schemas.vocabulary import Category, Channel, PersonKind, Reason, Trigger

_RANK = {trigger: rank for rank, trigger in enumerate(Trigger)}


class Message(Struct, frozen=True):
    """One message. `triggers` are those for which all gates hold, the most telling first.

    `form_rules` are the rules that matched for each of them.

    `categories` and `rules` are all through which the message's readers were reached.
    """

    person: PersonRef
    record: Person
    channel: Channel
    address: str
    triggers: list[Trigger]
    categories: list[Category]
    rules: list[Rule]
    form_rules: dict[Trigger, list[Rule]]


class Merged(Struct, frozen=True):
    """All messages of a save, and an entry for each person and category that added to none."""

    messages: list[Message]
    skipped: list[Skip]


def merge(outcomes: Sequence[Outcome]) -> Merged:
    """Join what belongs to one mailbox.

    A contact comes before a collaborator, then the more telling trigger, then the smaller id.
    """
    groups: dict[tuple[Channel, str], dict[PersonRef, list[Passed]]] = {}
    for outcome in outcomes:
        for passed in outcome.passed:
            group = groups.setdefault((passed.channel, mailbox(passed.address)), {})
            group.setdefault(passed.recipient.person, []).append(passed)
    messages: list[Message] = []
    added: set[tuple[PersonRef, Category]] = set()
    for group in groups.values():
        first = min(group, key=lambda person: _precedence(person, group[person]))
        joined = [passed for person, all_of in group.items() if person.kind is first.kind for passed in all_of]
        messages.append(_message(first, group[first], joined))
        added.update((passed.recipient.person, passed.recipient.category) for passed in joined)
    return Merged(messages, _skips(outcomes, added))


def _precedence(person: PersonRef, passed: Sequence[Passed]) -> tuple[bool, int, str]:
    return (person.kind is not PersonKind.CONTACT, min(_RANK[one.trigger] for one in passed), person.id)


def _message(person: PersonRef, own: Sequence[Passed], joined: Sequence[Passed]) -> Message:
    triggers = sorted({one.trigger for one in own}, key=_RANK.__getitem__)
    categories = {one.recipient.category for one in joined}
    return Message(
        person=person,
        record=own[0].record,
        channel=own[0].channel,
        address=own[0].address,
        triggers=triggers,
        categories=[category for category in Category if category in categories],
        rules=_in_order(rule for one in joined for rule in one.rules),
        form_rules={
            trigger: _in_order(rule for one in own if one.trigger is trigger for rule in one.rules)
            for trigger in triggers
        },
    )


def _in_order(rules: Iterable[Rule]) -> list[Rule]:
    return [rule for _, rule in sorted({rule.position: rule for rule in rules}.items())]


def _skips(outcomes: Sequence[Outcome], added: set[tuple[PersonRef, Category]]) -> list[Skip]:
    skipped: list[Skip] = []
    for outcome in outcomes:
        recipient = outcome.recipient
        if (recipient.person, recipient.category) in added:
            continue
        hidden = Skip(recipient.person, recipient.category, Reason.SAME_MAILBOX)
        skipped.append(outcome.stopped or hidden)
    return skipped
