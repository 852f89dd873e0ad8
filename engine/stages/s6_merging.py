"""Stage 6: one message for each person and address, and for each mailbox."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from engine.directory.records import Person
from engine.rulebook.rulebook import Rule
from engine.stages.s5_person_gates import Outcome, Passed
from schemas.decision import Skip
from schemas.job import PersonRef
from schemas.mailbox import mailbox
from schemas.vocabulary import Category, Channel, PersonKind, Reason, Trigger

_CATEGORIES = tuple(Category)
_RANK = {trigger: rank for rank, trigger in enumerate(Trigger)}


class Line(Struct, frozen=True):
    """What a message can be about.

    A trigger for which all gates hold, the reader of whom that is true, and the rules. `bringing` are those of all who
    read the mailbox: nobody has to wait since another one does.
    """

    trigger: Trigger
    record: Person
    rules: list[Rule]
    bringing: list[Rule]


class Message(Struct, frozen=True):
    """One message. It is about `first`; `second` is what it would be about if that were not told again.

    `categories` and `rules` are all through which the mailbox's readers of this audience were reached.
    """

    person: PersonRef
    channel: Channel
    address: str
    first: Line
    second: Line | None
    categories: list[Category]
    rules: list[Rule]


class Merged(Struct, frozen=True):
    """All messages of a save, and an entry for each person and category that added to none."""

    messages: list[Message]
    skipped: list[Skip]


def merge(outcomes: Sequence[Outcome]) -> Merged:
    """Join what belongs to one mailbox.

    A contact comes before a collaborator, then the more telling trigger, then the smaller id.
    """
    groups: dict[tuple[Channel, str], list[Passed]] = {}
    for outcome in outcomes:
        for passed in outcome.passed:
            groups.setdefault((passed.channel, mailbox(passed.address)), []).append(passed)
    messages: list[Message] = []
    added: set[tuple[PersonRef, Category]] = set()
    for group in groups.values():
        first = min(group, key=_precedence)
        # Contacts and collaborators are never joined: a message to contacts must hold nothing internal.
        joined = [passed for passed in group if passed.record.kind is first.record.kind]
        messages.append(_message(first, joined))
        added.update((passed.recipient.person, passed.recipient.category) for passed in joined)
    return Merged(messages, _skips(outcomes, added))


def _precedence(passed: Passed) -> tuple[bool, int, str]:
    return (passed.record.kind is not PersonKind.CONTACT, _RANK[passed.trigger], passed.record.id)


def _message(first: Passed, joined: Sequence[Passed]) -> Message:
    categories = {one.recipient.category for one in joined}
    # Where the ledger finds that the ticket was opened before, the message is about the second trigger instead.
    others = [passed for passed in joined if passed.trigger is not first.trigger]
    return Message(
        person=first.recipient.person,
        channel=first.channel,
        address=first.address,
        first=_line(first, joined),
        second=_line(min(others, key=_precedence), joined) if others else None,
        categories=[category for category in _CATEGORIES if category in categories],
        rules=_in_order(joined),
    )


def _line(chosen: Passed, joined: Sequence[Passed]) -> Line:
    same = [one for one in joined if one.trigger is chosen.trigger]
    own = [one for one in same if one.record is chosen.record]
    return Line(chosen.trigger, chosen.record, _in_order(own), _in_order(same))


def _in_order(joined: Sequence[Passed]) -> list[Rule]:
    """The rules of them all, each once, in the order of the file."""
    # Most messages have one reader and one category: their rules are in order, each once.
    if len(joined) == 1:
        return list(joined[0].rules)
    rules = {rule.position: rule for one in joined for rule in one.rules}
    return [rules[position] for position in sorted(rules)]


def _skips(outcomes: Sequence[Outcome], added: set[tuple[PersonRef, Category]]) -> list[Skip]:
    skipped: list[Skip] = []
    for outcome in outcomes:
        recipient = outcome.recipient
        # Whoever adds to a message needs no entry; the message itself lists the category.
        if outcome.stopped is None and (recipient.person, recipient.category) in added:
            continue
        hidden = Skip(recipient.person, recipient.category, Reason.SAME_MAILBOX)
        skipped.append(outcome.stopped or hidden)
    return skipped
