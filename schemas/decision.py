"""What became of one event (topic `tocsin.decisions`): ids only, no addresses and no texts."""

from __future__ import annotations

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from schemas.job import PersonRef
from schemas.timestamps import Timestamp
from schemas.vocabulary import Category, Channel, Reason, Trigger


class Skip(Struct, frozen=True):
    """Why a person was not alerted through a category.

    Without a person: why an object or, without category too, the event led to nobody. `trigger` and `channel` are those
    on which a person came furthest. With the reason `unreadable_record` it may stand beside a job through the category:
    the record might have brought one more.
    """

    person: PersonRef | None
    category: Category | None
    reason: Reason
    trigger: Trigger | None = None
    channel: Channel | None = None
    record: Annotated[
        str | UnsetType, Meta(description="The record that can't be read, as KIND/ID: only for `unreadable_record`.")
    ] = UNSET


class DecidedJob(Struct, frozen=True):
    """A job as the decision records it."""

    id: str
    person: PersonRef
    channel: Channel
    trigger: Trigger
    categories: list[Category]
    rules: list[str]


class DecisionRecord(Struct, frozen=True):
    """One event's decision.

    `now` is the time by which it was judged, in UTC; `rulebook` the digest of the rules in force. `reference` is what
    people call the ticket. `customer` is the ticket's; where it names none, the contract's client, if that is known.
    Records of before these two were kept do not have them.
    """

    event: str
    source: str
    ticket: str
    contract: str | None
    triggers: list[Trigger]
    jobs: list[DecidedJob]
    skipped: list[Skip]
    now: Timestamp
    rulebook: str
    reference: str | None = None
    customer: str | None = None
