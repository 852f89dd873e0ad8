"""The fields that conditions may name: their types, and how each is read from a save."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from msgspec import UNSET, Struct

from schemas.vocabulary import ActorKind, Audience, Origin, PersonKind, Trigger

if TYPE_CHECKING:
    from engine.directory.records import Customer, Person
    from engine.scope import Scope


class FieldType(StrEnum):
    """The types of fields and values."""

    TEXT = "text"
    NUMBER = "number"
    BOOLEAN = "boolean"


class Subject(Struct, frozen=True):
    """What a condition is asked about: a save, one trigger of it, and one person (None: not in the directory)."""

    scope: Scope
    trigger: Trigger
    person: Person | None


class Field(Struct, frozen=True):
    """A declared field.

    `values` lists the only values it can have, where they are known; `audience` who has it, where not all do.
    """

    name: str
    type: FieldType
    meaning: str
    read: Callable[[Subject], Any]
    values: tuple[str, ...] | None = None
    audience: Audience | None = None


def _ticket(name: str) -> Callable[[Subject], Any]:
    return lambda subject: getattr(subject.scope.event.ticket, name)


def _person(name: str) -> Callable[[Subject], Any]:
    return lambda subject: None if subject.person is None else getattr(subject.person, name)


def _contract(name: str) -> Callable[[Subject], Any]:
    return lambda subject: getattr(subject.scope.contract, name)


def _customer(name: str) -> Callable[[Subject], Any]:
    def read(subject: Subject) -> Any:
        customer: Customer | None = subject.scope.customer
        return None if customer is None else getattr(customer, name)

    return read


def _before(name: str) -> Callable[[Subject], Any]:
    def read(subject: Subject) -> Any:
        event = subject.scope.event
        if event.previous is None:
            return None
        value = getattr(event.previous, name)
        return getattr(event.ticket, name) if value is UNSET else value

    return read


def _actor(name: str) -> Callable[[Subject], Any]:
    return lambda subject: getattr(subject.scope.event.actor, name)


_TEXT, _BOOLEAN = FieldType.TEXT, FieldType.BOOLEAN

_DECLARED: Final = (
    Field("trigger", _TEXT, "what the save means", lambda s: s.trigger.value, tuple(Trigger)),
    Field("event.origin", _TEXT, "what made the save", lambda s: s.scope.event.origin.value, tuple(Origin)),
    Field("ticket.id", _TEXT, "the ticket's id", _ticket("id")),
    Field("ticket.reference", _TEXT, "the ticket's number as people write it", _ticket("reference")),
    Field("ticket.contract", _TEXT, "id of the ticket's contract", _ticket("contract")),
    Field("ticket.customer", _TEXT, "id of the ticket's customer", _ticket("customer")),
    Field("ticket.product", _TEXT, "id of the product that the ticket names", _ticket("product")),
    Field("ticket.site", _TEXT, "id of the site that the ticket names", _ticket("site")),
    Field("ticket.service", _TEXT, "id of the service that the ticket names", _ticket("service")),
    Field("ticket.title", _TEXT, "the whole title", _ticket("title")),
    Field("ticket.status", _TEXT, "the status after the save, as the platform names it", _ticket("status")),
    Field("ticket.priority", _TEXT, "the priority after the save", _ticket("priority")),
    Field(
        "ticket.resolution_marked",
        _BOOLEAN,
        "the contractual resolution is marked",
        _ticket("resolution_marked"),
    ),
    Field(
        "ticket.closed_for_customer",
        _BOOLEAN,
        "closed on the customer's side",
        _ticket("closed_for_customer"),
    ),
    Field("ticket.closed_internally", _BOOLEAN, "closed inside the helpdesk", _ticket("closed_internally")),
    Field("ticket.visible_to_customer", _BOOLEAN, "customers may see the ticket", _ticket("visible_to_customer")),
    Field("previous.status", _TEXT, "the status before the save (null at creation)", _before("status")),
    Field("previous.priority", _TEXT, "the priority before the save (null at creation)", _before("priority")),
    Field("actor.kind", _TEXT, "what kind of person made the save", _actor("kind"), tuple(ActorKind)),
    Field("actor.id", _TEXT, "id of the person who made the save", _actor("id")),
    Field("contract.id", _TEXT, "the contract's id", _contract("id")),
    Field("contract.reference", _TEXT, "the contract's reference", _contract("reference")),
    Field("contract.client", _TEXT, "id of the contract client", _contract("client")),
    Field("customer.id", _TEXT, "id of the ticket's customer, else of the contract client", _customer("id")),
    Field(
        "customer.name",
        _TEXT,
        "name of the ticket's customer, else of the contract client",
        _customer("name"),
    ),
    Field("customer.language", _TEXT, "language in that customer's record", _customer("language")),
    Field("person.kind", _TEXT, "contact or collaborator", _person("kind"), tuple(PersonKind)),
    Field("person.id", _TEXT, "the person's id", _person("id")),
    Field("person.name", _TEXT, "the person's name", _person("name")),
    Field("person.language", _TEXT, "language in the person's own record", _person("language")),
    Field("person.time_zone", _TEXT, "time zone in the person's own record", _person("time_zone")),
    Field("person.customer", _TEXT, "id of the contact's customer", _person("customer"), None, Audience.CONTACTS),
)

BUILT_IN_FIELDS: Final[Mapping[str, Field]] = {field.name: field for field in _DECLARED}

CUSTOM_PREFIX: Final = "ticket.custom."


def custom_field(name: str, field_type: FieldType, meaning: str = "") -> Field:
    """A custom field of the platform's tickets, as a rule file declares it."""

    def read(subject: Subject) -> Any:
        custom = subject.scope.event.ticket.custom
        return None if custom is None else custom.get(name)

    return Field(CUSTOM_PREFIX + name, field_type, meaning or f"the custom field {name}", read)


def nearest(name: str, names: Mapping[str, Any] | set[str]) -> str:
    """A suggestion for a name that does not exist: ` (did you mean …?)`, or nothing."""
    close = difflib.get_close_matches(name, list(names), n=1, cutoff=0.5)
    return f": did you mean `{close[0]}`?" if close else ""
