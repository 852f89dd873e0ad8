"""What rule authors write to test their rules: a file `NAME.test.yaml`, before it is checked for meaning."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from schemas.directory import RECORD_TYPES, Record
from schemas.event import Ticket
from schemas.reading import END, UNSEEN, Identifier
from schemas.rule_file import Name, TemplateName
from schemas.vocabulary import Category, Channel, Origin, Reason, Trigger
from schemas.written import as_written

ATTACHED_TO: Final = "attached_to"
"""The one field that people have only in tests: `product` or `product/P-erp` attaches a person to that object."""

RECORD_LISTS: Final = {
    "contracts": "contract",
    "customers": "customer",
    "sites": "site",
    "products": "product",
    "services": "service",
    "contacts": "contact",
    "collaborators": "collaborator",
    "suppressions": "suppression",
}
"""The keys of `given` that hold records, with the kind of these records."""

PersonName = Annotated[
    str,
    Meta(
        pattern=f"^(contact|collaborator)/[^{UNSEEN}]+{END}",
        max_length=270,
        description="A person: `contact/ID` or `collaborator/ID`.",
    ),
]
Moment = Annotated[str, Meta(description="A time with its offset, such as `2026-03-02T09:15:00Z`.")]
Records = dict[Identifier, dict[str, Any] | None]
TicketFields = Annotated[
    dict[str, Any], Meta(description="The fields of the ticket that matter; the others are as usual.")
]
EventReason = Literal[
    "no_trigger",
    "notify_off",
    "origin",
    "stale",
    "no_contract",
    "unknown_contract",
    "not_commitment",
    "alerts_disabled",
    "not_in_force",
]


class Given(Struct, frozen=True, forbid_unknown_fields=True):
    """The directory that tests start from, and their usual ticket.

    Without `directory` it is a small helpdesk: contract C-7 of customer acme with every tick on, product P-erp, site
    S-paris (acme's main site) and service V-1, and nobody attached yet. Records are written by their id, with the
    fields that matter; what is not mentioned stays as it was. A new contact is of acme and linked to its customer's
    main site, a new person has one active e-mail address and wants all four triggers.
    """

    directory: Annotated[
        str | None,
        Meta(description="A folder (or file) of records to start from instead, as seen from the test file."),
    ] = None
    contracts: Annotated[Records, Meta(description="Contracts by id.")] = {}
    customers: Annotated[Records, Meta(description="Customers by id.")] = {}
    sites: Annotated[Records, Meta(description="Sites by id.")] = {}
    products: Annotated[Records, Meta(description="Products by id.")] = {}
    services: Annotated[Records, Meta(description="Services by id.")] = {}
    contacts: Annotated[
        Records, Meta(description="Contacts by id; `attached_to: [product, site]` says to what they are attached.")
    ] = {}
    collaborators: Annotated[
        Records, Meta(description="Collaborators by id; `attached_to: [contract]` says to what they are attached.")
    ] = {}
    suppressions: Annotated[Records, Meta(description="Suppressions by id.")] = {}
    ticket: Annotated[TicketFields, Meta(description="What differs from the usual ticket, in every test.")] = {}


class ActorFields(Struct, frozen=True, forbid_unknown_fields=True):
    """Who made the save."""

    kind: Annotated[
        Literal["contact", "collaborator", "system"] | None, Meta(description="A person of the directory, or none.")
    ] = None
    id: Annotated[str | None, Meta(description="The person's id.")] = None
    email: Annotated[str | None, Meta(description="An address by which the person is known as well.")] = None


class ExpectedAlert(Struct, frozen=True, forbid_unknown_fields=True):
    """A message that must come. What is left out may be as it likes."""

    who: PersonName
    trigger: Annotated[Trigger, Meta(description="What the message is about.")]
    channel: Annotated[Channel, Meta(description="By e-mail where it is left out.")] = Channel.EMAIL
    address: Annotated[str | None, Meta(description="Needed only where the person has several on the channel.")] = None
    other_triggers: Annotated[list[Trigger] | None, Meta(description="What else the message mentions.")] = None
    template: TemplateName | None = None
    keyword: Annotated[str | None, Meta(description="The keyword before the subject, in the person's language.")] = None
    language: Annotated[str | None, Meta(description="The language of the message; of several, the first one.")] = None
    languages: Annotated[
        list[str] | None, Meta(description="All languages of the message, the first one first: `[fr, en]`.")
    ] = None
    when: Annotated[
        str | None,
        Meta(description="When it goes out, as the rule says it: `daily at 08:00`; `at once`: without a digest."),
    ] = None
    categories: Annotated[list[Category] | None, Meta(description="All through which the person was reached.")] = None
    rules: Annotated[list[Name] | None, Meta(description="All rules that brought the message.")] = None


class ExpectedSilence(Struct, frozen=True, forbid_unknown_fields=True):
    """Someone who must not be alerted: the person, with the reason where it matters.

    Without `who`: the product, site, service or customer that the ticket names leads to nobody, for this reason.
    """

    who: PersonName | None = None
    reason: Annotated[Reason | None, Meta(description="The gate that must have stopped them.")] = None
    category: Annotated[Category | None, Meta(description="The category in which they were stopped.")] = None


class Expectation(Struct, frozen=True, forbid_unknown_fields=True):
    """Who is alerted. Whoever is not named must get nothing, unless `others: allowed`."""

    alerted: Annotated[list[ExpectedAlert], Meta(description="Who must get a message, and what it is like.")] = []
    not_alerted: Annotated[list[ExpectedSilence], Meta(description="Who must get none, and why.")] = []
    nobody: Annotated[EventReason | None, Meta(description="The event as a whole alerts nobody, for this reason.")] = (
        None
    )
    others: Annotated[
        Literal["none", "allowed"], Meta(description="Whether messages to people who are not named are mistakes.")
    ] = "none"


class RuleTest(Struct, frozen=True, forbid_unknown_fields=True):
    """One test: a save of a ticket, and who must hear of it.

    Without `previous` and `triggers`, the save creates the ticket.
    """

    test: Annotated[str, Meta(min_length=1, max_length=200, description="What it shows, in one sentence.")]
    expect: Expectation
    given: Annotated[Given | None, Meta(description="What differs from the `given` of the file.")] = None
    ticket: Annotated[
        TicketFields, Meta(description="The ticket after the save: what differs from the usual one.")
    ] = {}
    previous: Annotated[
        dict[str, Any] | UnsetType | None,
        Meta(description="The fields that the save changed, as they were before; null: the save created the ticket."),
    ] = UNSET
    triggers: Annotated[
        list[Trigger] | None, Meta(description="What the save means, where the platform says so instead of `previous`.")
    ] = None
    actor: Annotated[PersonName | ActorFields | None, Meta(description="Who made the save.")] = None
    origin: Annotated[Origin | None, Meta(description="What made the save: a user, where it is left out.")] = None
    notify: Annotated[bool | Literal["internal"] | None, Meta(description="What the platform allows.")] = None
    time: Annotated[Moment | None, Meta(description="When the ticket was saved.")] = None
    now: Annotated[Moment | None, Meta(description="When that is judged: at once, where it is left out.")] = None


class RuleTestFile(Struct, frozen=True, forbid_unknown_fields=True):
    """A file of rule tests. `NAME.test.yaml` tests `NAME.yaml` beside it; without such a file, all rule files there."""

    tests: Annotated[list[RuleTest], Meta(min_length=1, description="The tests, each with a name of its own.")]
    given: Annotated[Given | None, Meta(description="What all tests of the file start from.")] = None


def record_fields(kind: str) -> frozenset[str]:
    """The fields that a record of this kind may have in a test. Its id is the key under which it stands."""
    people = {ATTACHED_TO} if kind in ("contact", "collaborator") else set()
    return frozenset({field.encode_name for field in msgspec.structs.fields(RECORD_TYPES[kind])} - {"id"} | people)


TICKET_FIELDS: Final = frozenset(field.encode_name for field in msgspec.structs.fields(Ticket))
"""The fields that a ticket may have."""


def with_records(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema of RuleTestFile, in which tickets and records have the fields that they have on the wire."""
    kinds = schema["$defs"]
    wire = msgspec.json.schema(as_written(Record))["$defs"] | msgspec.json.schema(Ticket)["$defs"]
    # Tickets and records themselves get a form of their own below: in a test, each of their fields may be left out.
    kinds |= {name: one for name, one in wire.items() if name not in {"Ticket", *_RECORD_NAMES.values()}}
    for key, kind in RECORD_LISTS.items():
        list_of = kinds["Given"]["properties"][key]
        list_of["additionalProperties"] = {"anyOf": [{"type": "null"}, _fields(wire[_RECORD_NAMES[kind]], kind)]}
    ticket = {"type": "object", "properties": wire["Ticket"]["properties"], "additionalProperties": False}
    kinds["Given"]["properties"]["ticket"] |= ticket
    kinds["RuleTest"]["properties"]["ticket"] |= ticket
    previous = kinds["RuleTest"]["properties"]["previous"]
    previous["anyOf"] = [one if one.get("type") != "object" else ticket for one in previous["anyOf"]]
    return schema


_RECORD_NAMES: Final = {kind: one.__name__ for kind, one in RECORD_TYPES.items()}


def _fields(record: dict[str, Any], kind: str) -> dict[str, Any]:
    fields = {name: one for name, one in record["properties"].items() if name not in ("id", "kind")}
    if ATTACHED_TO in record_fields(kind):
        what = "What the person is attached to: `product` where there is one, else `product/ID`."
        fields[ATTACHED_TO] = {"type": "array", "items": {"type": "string"}, "description": what}
    described = {"description": record["description"]} if "description" in record else {}
    return {**described, "type": "object", "properties": fields, "additionalProperties": False}
