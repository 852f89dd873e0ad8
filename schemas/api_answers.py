"""What the HTTP API answers to questions about decisions and messages.

Fields that hold names, addresses, subjects or words of mail servers are left out for a token without `personal:read`.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from schemas.job import PersonRef
from schemas.problem_details import ProblemField
from schemas.timestamps import Timestamp
from schemas.vocabulary import Category, Channel, Reason, Trigger

PersonalText = Annotated[str | UnsetType, Meta(description="Left out without the scope personal:read.")]
Next = Annotated[str | None, Meta(description="The cursor of the next page; null: this is the last one.")]


class HeldBack(Struct, frozen=True):
    """What keeps a due job back, and until when."""

    by: Annotated[str, Meta(description="`relay`, `domain` or `mailbox`.")]
    until: Timestamp


class JobAnswer(Struct, frozen=True, kw_only=True):
    """A message to one person, and how it stands."""

    id: str
    source: Annotated[str, Meta(description="Of the event; with `ticket`, it names the ticket.")]
    event: str
    ticket: str
    customer: str | None
    person: PersonRef
    channel: Channel
    trigger: Annotated[Trigger, Meta(description="That under which it goes out.")]
    template: str
    accepted: Annotated[Timestamp, Meta(description="When the sender took it in.")]
    changed: Annotated[Timestamp, Meta(description="When it last changed.")]
    expires: Annotated[Timestamp, Meta(description="It is never sent after this.")]
    state: Annotated[str, Meta(description="queued, sending, unknown, held, bundled, delivered, failed, expired …")]
    hold: Annotated[str | None, Meta(description="What keeps it back in the state `held`.")]
    attempts: int
    next_try: Annotated[Timestamp | None, Meta(description="It is surely not tried before; null: unknown, or no try.")]
    held_back: list[HeldBack]
    code: Annotated[int | None, Meta(description="Of the last reply of the mail server.")]
    name: PersonalText = UNSET
    address: PersonalText = UNSET
    subject: PersonalText = UNSET
    text: Annotated[
        str | UnsetType | None, Meta(description="The last words on it. Left out without the scope personal:read.")
    ] = UNSET


class JobChangeAnswer(Struct, frozen=True, kw_only=True):
    """One change of a job."""

    at: Timestamp
    transition: str
    state: str
    attempt: int
    code: int | None
    text: Annotated[str | UnsetType | None, Meta(description="Left out without the scope personal:read.")] = UNSET


class JobDetails(JobAnswer, frozen=True, kw_only=True):
    """A message with all that happened to it."""

    other_triggers: list[Trigger]
    categories: list[Category]
    rules: list[str]
    rulebook: str
    languages: list[str]
    changes: Annotated[list[JobChangeAnswer], Meta(description="The oldest first.")]


class JobPage(Struct, frozen=True):
    """Messages, the newest first."""

    jobs: list[JobAnswer]
    next: Next


class DecidedMessage(Struct, frozen=True):
    """A message that a decision led to."""

    job: str
    person: PersonRef
    channel: Channel
    trigger: Trigger
    categories: list[Category]
    rules: list[str]
    state: Annotated[
        str | None, Meta(description="How it stands; null: no sender has taken it in yet, or it was forgotten since.")
    ]


class NotTold(Struct, frozen=True):
    """Why a person got no message through a category; without a person: an object; without both: the whole save."""

    person: PersonRef | None
    category: Category | None
    reason: Reason
    why: Annotated[str, Meta(description="The reason in words.")]
    trigger: Trigger | None
    channel: Channel | None
    record: Annotated[
        str | UnsetType,
        Meta(
            description="The record that can't be read, as KIND/ID: only for `unreadable_record`. Of a suppression, "
            "whose id may be an address, the kind alone without the scope personal:read."
        ),
    ] = UNSET


class TicketDecision(Struct, frozen=True, kw_only=True):
    """What one save of a ticket led to."""

    event: str
    decided: Annotated[Timestamp, Meta(description="When the decision was kept.")]
    contract: str | None
    triggers: Annotated[list[Trigger], Meta(description="What the save meant.")]
    rulebook: str
    told: list[DecidedMessage]
    not_told: list[NotTold]


class DecisionPage(Struct, frozen=True):
    """Decisions about a ticket, the newest first."""

    source: str
    ticket: str
    decisions: list[TicketDecision]
    next: Next


class PreviewedMessage(Struct, frozen=True, kw_only=True):
    """A message that somebody would get."""

    person: PersonRef
    channel: Channel
    trigger: Trigger
    other_triggers: list[Trigger]
    otherwise: Annotated[
        Trigger | None,
        Meta(
            description="Of `opened`, which goes out once in a ticket's life: as what it goes out instead where the "
            "ticket was opened before; null: then it is left out."
        ),
    ]
    categories: list[Category]
    rules: list[str]
    template: str
    languages: list[str]
    when: Annotated[str, Meta(description="`at once`, or what the rule says: `daily at 08:00`.")]
    due: Annotated[Timestamp | None, Meta(description="When it would go out; null: at once.")]
    name: PersonalText = UNSET
    address: PersonalText = UNSET
    subject: PersonalText = UNSET


class Preview(Struct, frozen=True, kw_only=True):
    """Who would be told if the ticket were saved so, and who would not. Nothing of it was kept or sent."""

    source: str
    ticket: Annotated[str | None, Meta(description="Null: it is not saved yet.")]
    contract: str | None
    triggers: Annotated[list[Trigger], Meta(description="What the save would mean.")]
    now: Annotated[Timestamp, Meta(description="The time by which it was judged.")]
    rulebook: Annotated[str, Meta(description="The digest of the rules in force.")]
    told: list[PreviewedMessage]
    not_told: list[NotTold]
    left_out: Annotated[int, Meta(description="Of `told` and `not_told`: entries beyond the first 500 of each.")]
    ignored: Annotated[
        str | UnsetType, Meta(description="Why the hook's mapping passes over such a post: then nobody is told.")
    ] = UNSET
    could_not_tell: Annotated[
        list[ProblemField], Meta(description="What the hook's mapping could not tell, such as the contract.")
    ] = []
