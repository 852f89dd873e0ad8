"""The fields that conditions may name, and their types. How each is read from a save: see field_values.py."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from msgspec import Struct

from schemas.trigger_words import REOPENED, trigger_called
from schemas.vocabulary import SPEAKING_ORIGINS, ActorKind, Audience, Channel, PersonKind, Trigger


class FieldType(StrEnum):
    """The types of fields and values."""

    TEXT = "text"
    NUMBER = "number"
    BOOLEAN = "boolean"
    LIST = "list"
    """Of texts."""


class Field(Struct, frozen=True):
    """A declared field.

    `values` lists the only values it can have, where they are known; `audience` who has it, where not all do.
    """

    name: str
    type: FieldType
    meaning: str
    values: tuple[str, ...] | None = None
    audience: Audience | None = None


_TEXT, _BOOLEAN, _LIST = FieldType.TEXT, FieldType.BOOLEAN, FieldType.LIST

_DECLARED: Final = (
    Field("trigger", _TEXT, "what the save means", tuple(Trigger)),
    Field("channel", _TEXT, "how the message would be sent: judged for each channel", tuple(Channel)),
    Field("event.origin", _TEXT, "what made the save", SPEAKING_ORIGINS),
    Field("ticket.id", _TEXT, "the ticket's id"),
    Field("ticket.reference", _TEXT, "the ticket's number as people write it"),
    Field("ticket.contract", _TEXT, "id of the ticket's contract"),
    Field("ticket.customer", _TEXT, "id of the ticket's customer"),
    Field("ticket.product", _TEXT, "id of the product that the ticket names"),
    Field("ticket.site", _TEXT, "id of the site that the ticket names"),
    Field("ticket.service", _TEXT, "id of the service that the ticket names"),
    Field("ticket.title", _TEXT, "the whole title"),
    Field("ticket.status", _TEXT, "the status after the save, as the platform names it"),
    Field("ticket.priority", _TEXT, "the priority after the save"),
    Field("ticket.resolution_marked", _BOOLEAN, "the contractual resolution is marked"),
    Field("ticket.closed_for_customer", _BOOLEAN, "closed on the customer's side"),
    Field("ticket.closed_internally", _BOOLEAN, "closed inside the helpdesk"),
    Field("ticket.visible_to_customer", _BOOLEAN, "customers may see the ticket"),
    Field("ticket.reopened", _BOOLEAN, "resolved or closed on the customer's side before the save, and neither now"),
    Field("previous.status", _TEXT, "the status before the save (null at creation)"),
    Field("previous.priority", _TEXT, "the priority before the save (null at creation)"),
    Field("actor.kind", _TEXT, "what kind of person made the save", tuple(ActorKind)),
    Field("actor.id", _TEXT, "id of the person who made the save"),
    Field("contract.id", _TEXT, "the contract's id"),
    Field("contract.reference", _TEXT, "the contract's reference"),
    Field("contract.client", _TEXT, "id of the contract client"),
    Field("contract.tags", _LIST, "the tags in the contract's record"),
    Field("customer.id", _TEXT, "id of the ticket's customer, else of the contract client"),
    Field("customer.name", _TEXT, "name of the ticket's customer, else of the contract client"),
    Field("customer.language", _TEXT, "language in that customer's record"),
    Field("customer.tags", _LIST, "the tags in that customer's record"),
    Field("person.kind", _TEXT, "contact or collaborator", tuple(PersonKind)),
    Field("person.id", _TEXT, "the person's id"),
    Field("person.name", _TEXT, "the person's name"),
    Field("person.language", _TEXT, "language in the person's own record"),
    Field("person.time_zone", _TEXT, "time zone in the person's own record"),
    Field("person.groups", _LIST, "the groups in the person's own record"),
    Field("person.customer", _TEXT, "id of the contact's customer", None, Audience.CONTACTS),
    Field("person.sites", _LIST, "ids of the sites to which the contact is linked", None, Audience.CONTACTS),
)

BUILT_IN_FIELDS: Final[Mapping[str, Field]] = {field.name: field for field in _DECLARED}


def trigger_meant(word: object) -> str | None:
    """What to write in the place of a word that is no trigger, where that is known."""
    if not isinstance(word, str):
        return None
    if word.casefold() in REOPENED:
        return "a reopening is a change of status: write `on: [status_changed]` and `if: ticket.reopened`"
    meant = trigger_called(word)
    return None if meant is None else f"did you mean `{meant}`?"


CUSTOM_PREFIX: Final = "ticket.custom."
TIME: Final = "time"
"""What a condition calls the event's time, of which it can ask only whether a calendar is open then."""

TIME_IN: Final = "time in "
"""Before a calendar's name: the truth value that such a condition reads."""


def calendar_field(calendar: str) -> Field:
    """Whether the event's time lies in the open hours of a calendar."""
    return Field(TIME_IN + calendar, FieldType.BOOLEAN, f"the calendar {calendar} is open at the event's time")


def custom_field(name: str, field_type: FieldType, meaning: str = "", values: tuple[str, ...] | None = None) -> Field:
    """A custom field of the platform's tickets, as a rule file declares it."""
    return Field(CUSTOM_PREFIX + name, field_type, meaning or f"the custom field {name}", values)
