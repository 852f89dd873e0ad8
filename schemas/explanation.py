"""What `tocsin explain --json` prints: of an event, or of the decisions that were kept."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from schemas.decision import DecisionRecord
from schemas.job import PersonRef
from schemas.vocabulary import Category, Channel, Reason, Trigger


class NeededChange(Struct, frozen=True):
    """One thing that would have to be different."""

    record: Annotated[str, Meta(description="`the event`, `the rule file`, or a directory record as `kind/id`.")]
    field: Annotated[str, Meta(description="The field as people read it: `alerts`, `recipients.product.contacts`.")]
    action: Annotated[
        Literal["set", "add", "remove"],
        Meta(description="`set` the field to the value, `add` the value to its list, or `remove` it."),
    ]
    value: Annotated[Any, Meta(description="The new value; of what a person has to choose (an address), an example.")]
    words: Annotated[str, Meta(description="The same in words.")]
    possible: Annotated[bool, Meta(description="False for what stands in an event, which nobody can change now.")]


class ReachedPerson(Struct, frozen=True):
    """A message."""

    person: PersonRef
    channel: Channel
    address: str
    trigger: Trigger
    other_triggers: list[Trigger]
    categories: list[Category]
    rules: list[str]
    template: str
    language: str
    languages: Annotated[list[str], Meta(description="All languages of the one message; `language` is the first.")]
    same_mailbox: Annotated[list[PersonRef], Meta(description="Others who read this message at the same mailbox.")]
    keyword: Annotated[str, Meta(description="What stands before its subject; empty: nothing.")]
    subject: Annotated[str, Meta(description="As its reader sees it; empty where its channel has none.")]
    precedence: Annotated[
        list[str], Meta(description="Where a rule and the customer's record say different things: which is used.")
    ]


class StoppedEntry(Struct, frozen=True):
    """Why a person got nothing through a category; without a person: an object; without both: the whole event."""

    person: PersonRef | None
    category: Category | None
    reason: Reason
    trigger: Trigger | None
    channel: Channel | None
    why: str
    changes: Annotated[
        list[NeededChange] | None, Meta(description="The smallest set that lets them through. Null: none was found.")
    ]
    record: Annotated[
        str | UnsetType, Meta(description="The record that can't be read, as KIND/ID: only for `unreadable_record`.")
    ] = UNSET


class AbsentPerson(Struct, frozen=True):
    """The person that was asked about, where no entry is about them."""

    person: PersonRef
    changes: list[NeededChange] | None


class EventExplanation(Struct, frozen=True):
    """An event explained."""

    event: str
    source: str
    ticket: str
    contract: str | None
    triggers: list[Trigger]
    now: datetime
    rulebook: str
    reached: list[ReachedPerson]
    stopped: list[StoppedEntry]
    absent: AbsentPerson | None
    then: Annotated[list[PersonRef], Meta(description="Who would be told, were the event as a whole let through.")]


class JobChange(Struct, frozen=True):
    """A change of a job in the sender's ledger. `code` and `text` are the relay's reply, or our own words."""

    at: datetime
    transition: str
    state: str
    attempt: int
    code: int | None
    text: str | None


class PastDecision(Struct, frozen=True):
    """A decision as it was kept."""

    kept_at: datetime
    decision: DecisionRecord
    histories: Annotated[
        dict[str, list[JobChange]],
        Meta(description="What became of each job, by its id; without those that the ledger does not know."),
    ]


class PastExplanation(Struct, frozen=True):
    """The decisions that were kept about a ticket or an event since a moment."""

    asked: str
    since: datetime
    decisions: list[PastDecision]
    ledger_error: Annotated[
        str | UnsetType,
        Meta(description="Why it is not known what became of jobs: the ledger can't be asked. Left out where it can."),
    ] = UNSET
