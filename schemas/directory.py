"""Directory records: contracts, the objects attached to them, people, and suppressions (topic `helpdesk.directory`)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta, Struct

from schemas.language_tags import BAD_LANGUAGES, Language, Languages
from schemas.mailbox import address_fault
from schemas.named_mailbox import NoMailboxError, named_mailbox
from schemas.reading import Identifier, read_json, refusal_of
from schemas.refusal import Refusal, RefusedError, refuse
from schemas.tags import BAD_TAGS, Groups, Tags
from schemas.timestamps import Timestamp, in_utc
from schemas.vocabulary import Channel, MessageFormat, Trigger
from schemas.written import Word, written

MAX_RECORD_BYTES: Final = 1_048_576

Ids = list[Identifier] | None
Contacts = Annotated[Ids, Meta(description="Ids of the contacts attached to it: people outside.")]
Collaborators = Annotated[Ids, Meta(description="Ids of the collaborators attached to it: people inside.")]
TimeZone = Annotated[
    str | None,
    Meta(
        description="A time zone of the IANA database, such as `Europe/Paris`.",
        extra=written(Annotated[str, Meta(examples=["Europe/Paris", "UTC"])] | None, Word.TIME_ZONE),
    ),
]


class Ticks(Struct, frozen=True):
    """Which audiences of one object kind a contract alerts."""

    contacts: Annotated[bool | None, Meta(description="External contacts; not mentioned: off.")] = None
    collaborators: Annotated[bool | None, Meta(description="Internal collaborators; not mentioned: off.")] = None


class Recipients(Struct, frozen=True):
    """A contract's ticks: five object kinds, two audiences each."""

    product: Annotated[
        Ticks | None, Meta(description="The people of the product that the ticket is about; not mentioned: off.")
    ] = None
    site: Annotated[
        Ticks | None, Meta(description="The people of the site that the ticket is about; not mentioned: off.")
    ] = None
    contract: Annotated[Ticks | None, Meta(description="The people of the contract itself; not mentioned: off.")] = None
    service: Annotated[Ticks | None, Meta(description="The people of the line of services; not mentioned: off.")] = None
    customer: Annotated[
        Ticks | None,
        Meta(description="The people of the contract client, and of the ticket's customer; not mentioned: off."),
    ] = None


class ContractRecord(Struct, frozen=True, tag_field="kind", tag="contract"):
    """A contract. Only `commitment` contracts alert. `valid_from` and `valid_to` are days in UTC, both included."""

    id: Annotated[Identifier, Meta(description="The contract's id, by which tickets name it.")]
    reference: Annotated[str | None, Meta(description="What people call the contract; shown in messages.")] = None
    type: Annotated[
        str | None,
        Meta(
            description="`commitment` alerts, any other word of the platform's does not; not mentioned: alerts nobody.",
            extra=written(
                Annotated[str, Meta(examples=["commitment", "time_and_materials"])] | None, Word.CONTRACT_TYPE
            ),
        ),
    ] = None
    status: Annotated[
        str | None,
        Meta(
            description="`active` alerts, any other word of the platform's does not; not mentioned: `active`.",
            extra=written(Annotated[str, Meta(examples=["active", "suspended"])] | None, Word.CONTRACT_STATUS),
        ),
    ] = None
    valid_from: Annotated[
        date | None, Meta(description="The first day on which its tickets alert, in UTC; not mentioned: any.")
    ] = None
    valid_to: Annotated[
        date | None, Meta(description="The last day on which its tickets alert, in UTC; not mentioned: any.")
    ] = None
    alerts_enabled: Annotated[bool | None, Meta(description="Whether it alerts at all; not mentioned: true.")] = None
    recipients: Annotated[
        Recipients | None,
        Meta(description="Whom it alerts: a tick for each recipient category; not mentioned: nobody."),
    ] = None
    client: Annotated[Identifier | None, Meta(description="Id of the customer who has the contract.")] = None
    invoiced_client: Annotated[Identifier | None, Meta(description="Id of the customer who pays for it.")] = None
    beneficiaries: Annotated[Ids, Meta(description="Ids of the other customers who may use it.")] = None
    client_reads_beneficiaries: Annotated[
        bool | None,
        Meta(description="Whether the client's contacts hear of everybody's tickets on it; not mentioned: true."),
    ] = None
    products: Annotated[Ids, Meta(description="Ids of the products that it covers.")] = None
    sites: Annotated[Ids, Meta(description="Ids of the sites that it covers.")] = None
    services: Annotated[Ids, Meta(description="Ids of its lines of services.")] = None
    contacts: Annotated[Ids, Meta(description="Ids of its alert contacts: people outside.")] = None
    collaborators: Annotated[Ids, Meta(description="Ids of its collaborators: people inside.")] = None
    reply_to: Annotated[
        str | None,
        Meta(
            description="The mailbox to which answers to its messages go, perhaps with a name; not mentioned: the "
            "sender's own.",
            examples=["support@desk.example", "ACME Support <support@acme.example>"],
        ),
    ] = None
    tags: Tags = None


class TriggerSettings(Struct, frozen=True):
    """How a customer's contacts are told of one trigger."""

    enabled: Annotated[bool | None, Meta(description="Whether they are told; not mentioned: false.")] = None
    subject_keyword: Annotated[
        str | None, Meta(description="What stands before the subject; not mentioned: the rule's or rule file's.")
    ] = None
    template: Annotated[
        str | None,
        Meta(description="A template by its name: `external/opened`; not mentioned: the rule's or rule file's."),
    ] = None
    format: Annotated[
        str | None,
        Meta(
            description="Of e-mails; on the wire, any other is passed over; not mentioned: the rule's or rule file's.",
            extra=written(MessageFormat | None),
        ),
    ] = None

    @property
    def message_format(self) -> MessageFormat | None:
        """The format, where it is one that this version knows."""
        return MessageFormat(self.format) if self.format in tuple(MessageFormat) else None


class CustomerAlerts(Struct, frozen=True):
    """A customer's settings for each trigger."""

    opened: Annotated[TriggerSettings | None, Meta(description="A ticket was opened; not mentioned: off.")] = None
    resolved: Annotated[
        TriggerSettings | None, Meta(description="The contractual resolution was marked; not mentioned: off.")
    ] = None
    closed: Annotated[
        TriggerSettings | None, Meta(description="A ticket was closed on the customer's side; not mentioned: off.")
    ] = None
    status_changed: Annotated[
        TriggerSettings | None, Meta(description="A ticket's status changed; not mentioned: off.")
    ] = None


class CustomerRecord(Struct, frozen=True, tag_field="kind", tag="customer"):
    """A customer, client or beneficiary of contracts."""

    id: Annotated[Identifier, Meta(description="The customer's id.")]
    name: Annotated[str | None, Meta(description="The customer's name, as messages show it.")] = None
    main_site: Annotated[
        Identifier | None,
        Meta(
            description="Id of the site to which contacts must be linked to get e-mails; not mentioned: they get none."
        ),
    ] = None
    language: Annotated[
        Language, Meta(description="For contacts who have none of their own; not mentioned: the rule file's.")
    ] = None
    languages: Annotated[
        Languages, Meta(description="In the place of `language`: several, in one message; not mentioned: none.")
    ] = None
    time_zone: Annotated[
        TimeZone, Meta(description="For contacts who have none of their own; not mentioned: the rule file's.")
    ] = None
    contacts: Contacts = None
    collaborators: Collaborators = None
    alerts: Annotated[
        CustomerAlerts | None,
        Meta(description="Of which triggers the customer's contacts are told at all, and how; not mentioned: of none."),
    ] = None
    tags: Tags = None


class SiteRecord(Struct, frozen=True, tag_field="kind", tag="site"):
    """A site of a customer."""

    id: Annotated[Identifier, Meta(description="The site's id.")]
    customer: Annotated[Identifier | None, Meta(description="Id of the customer whose site it is.")] = None
    name: Annotated[str | None, Meta(description="The site's name, as messages show it.")] = None
    contacts: Contacts = None
    collaborators: Collaborators = None


class ProductRecord(Struct, frozen=True, tag_field="kind", tag="product"):
    """A maintained product."""

    id: Annotated[Identifier, Meta(description="The product's id.")]
    name: Annotated[str | None, Meta(description="The product's name, as messages show it.")] = None
    contacts: Contacts = None
    collaborators: Collaborators = None


class ServiceRecord(Struct, frozen=True, tag_field="kind", tag="service"):
    """A line of services of a contract."""

    id: Annotated[Identifier, Meta(description="The service's id.")]
    contract: Annotated[Identifier | None, Meta(description="Id of the contract to which it belongs.")] = None
    name: Annotated[str | None, Meta(description="The service's name, as messages show it.")] = None
    contacts: Contacts = None
    collaborators: Collaborators = None


# Modes are read one by one (`read_mode`), so that a bad one costs itself and not the whole person.
class ModeRecord(Struct, frozen=True):
    """One way to reach a person: a channel, one address on it, and whether it is in use."""

    channel: Annotated[Channel, Meta(description="By e-mail, fax, text message or chat.")]
    address: Annotated[str, Meta(description="One address on that channel; a number as text, in quotes.")]
    active: Annotated[bool | None, Meta(description="Whether it is in use; not mentioned: false.")] = None


Modes = Annotated[
    list[Any] | None,
    Meta(
        description="Ways to reach the person (see mode.schema.json), of which all active ones are used.",
        extra=written(list[ModeRecord] | None),
    ),
]
TriggerNames = Annotated[
    list[str] | None,
    Meta(
        description="Names of triggers; on the wire, one that is unknown is passed over.",
        extra=written(list[Trigger] | None),
    ),
]


class ContactRecord(Struct, frozen=True, tag_field="kind", tag="contact"):
    """An external person, of one customer; `acts_for` names other customers whose tickets are also theirs."""

    id: Annotated[Identifier, Meta(description="The contact's id.")]
    customer: Annotated[Identifier | None, Meta(description="Id of the customer for whom the person works.")] = None
    acts_for: Annotated[Ids, Meta(description="Ids of other customers whose tickets are also theirs.")] = None
    name: Annotated[str | None, Meta(description="The person's name, as messages address them.")] = None
    language: Annotated[Language, Meta(description="The person's language; not mentioned: their customer's.")] = None
    languages: Annotated[
        Languages, Meta(description="In the place of `language`: several, in one message; not mentioned: none.")
    ] = None
    time_zone: Annotated[TimeZone, Meta(description="The person's time zone; not mentioned: their customer's.")] = None
    sites: Annotated[
        Ids,
        Meta(
            description="Ids of the sites to which the person is linked: for e-mails, the customer's main site is one."
        ),
    ] = None
    modes: Modes = None
    alerts: Annotated[
        TriggerNames, Meta(description="The triggers of which the person wants to hear; not mentioned: none.")
    ] = None
    groups: Groups = None


class CollaboratorRecord(Struct, frozen=True, tag_field="kind", tag="collaborator"):
    """An internal person."""

    id: Annotated[Identifier, Meta(description="The collaborator's id.")]
    name: Annotated[str | None, Meta(description="The person's name, as messages address them.")] = None
    language: Annotated[Language, Meta(description="The person's language; not mentioned: the rule file's.")] = None
    languages: Annotated[
        Languages, Meta(description="In the place of `language`: several, in one message; not mentioned: none.")
    ] = None
    time_zone: Annotated[TimeZone, Meta(description="The person's time zone; not mentioned: the rule file's.")] = None
    modes: Modes = None
    alerts: Annotated[
        TriggerNames, Meta(description="The triggers of which the person wants to hear; not mentioned: none.")
    ] = None
    groups: Groups = None


class SuppressionRecord(Struct, frozen=True, tag_field="kind", tag="suppression"):
    """An address on a channel, or a person (`contact/ct-1`), that must not be alerted.

    `channel` null: on all; `triggers` null: for all; it has ended at `until` (null: never). `since` tells people when
    it came; it holds nothing back, since clocks of different machines differ. Of somebody who was forgotten it has
    keyed hashes instead (see schemas.pseudonyms): a release that does not know them takes the record for one that can't
    be read, and holds back nobody for it.
    """

    id: Annotated[Identifier, Meta(description="Its id: CHANNEL/ADDRESS for those that the sender writes.")]
    channel: Annotated[Channel | None, Meta(description="The channel; not mentioned: all.")] = None
    address: Annotated[str | None, Meta(description="The address that gets nothing.")] = None
    person: Annotated[
        str | None, Meta(description="The person who gets nothing: `contact/ID` or `collaborator/ID`.")
    ] = None
    triggers: Annotated[TriggerNames, Meta(description="Of which triggers; not mentioned: all.")] = None
    # `reason` and `since` are only shown: of whatever type they are, the suppression must hold.
    reason: Annotated[Any, Meta(description="Why, for people: `hard_bounce`, `opted_out`, `complaint` or a text.")] = (
        None
    )
    since: Annotated[Any, Meta(description="When it came, for people.")] = None
    until: Annotated[Timestamp | None, Meta(description="When it ends; not mentioned: never.")] = None
    address_hash: Annotated[
        str | None, Meta(description="In place of an address that was forgotten; `tocsin person forget` writes it.")
    ] = None
    person_hash: Annotated[
        str | None, Meta(description="In place of a person who was forgotten; `tocsin person forget` writes it.")
    ] = None

    @property
    def hashes(self) -> list[str]:
        """The keyed hashes that it has."""
        return [one for one in (self.address_hash, self.person_hash) if one]


Record = (
    ContractRecord
    | CustomerRecord
    | SiteRecord
    | ProductRecord
    | ServiceRecord
    | ContactRecord
    | CollaboratorRecord
    | SuppressionRecord
)

RECORD_TYPES: Final[Mapping[str, type[Record]]] = {
    "contract": ContractRecord,
    "customer": CustomerRecord,
    "site": SiteRecord,
    "product": ProductRecord,
    "service": ServiceRecord,
    "contact": ContactRecord,
    "collaborator": CollaboratorRecord,
    "suppression": SuppressionRecord,
}
RECORD_KINDS: Final = tuple(RECORD_TYPES)


def record_kind(record: Record) -> str:
    """The kind of a record: one of RECORD_KINDS."""
    return str(record.__struct_config__.tag)


_PEOPLE: Final = ("contact/", "collaborator/")

_RECORD = msgspec.json.Decoder[Record](Record)


def read_record(raw: bytes) -> Record:
    """Read one directory record from JSON. Raises RefusedError."""
    return checked(read_json(raw, _RECORD, MAX_RECORD_BYTES))


def record_from_data(data: object) -> Record:
    """Read one directory record from plain data, as YAML gives it. Raises RefusedError."""
    try:
        record: Record = msgspec.convert(data, Record)
    except msgspec.ValidationError as error:
        raise refusal_of(error, data, Record) from None
    except RecursionError:
        raise RefusedError("too_deep", Refusal("", "the record is nested too deeply to be read")) from None
    return checked(record)


def checked(record: Record) -> Record:
    """The record, if its fields agree with each other. Raises RefusedError."""
    # Only suppressions have fields that depend on each other.
    if not isinstance(record, SuppressionRecord):
        return record
    if not record.address and not record.person and not record.hashes:
        raise RefusedError("invalid_field", Refusal("person", "a suppression names an address or a person"))
    if record.person and not record.person.startswith(_PEOPLE):
        raise refuse("person", record.person, "a person is named as contact/ID or collaborator/ID")
    if record.until is not None:
        # Only for its refusal of times that UTC does not have: the record keeps the time as it was written.
        in_utc("until", record.until)
    return record


UNREADABLE: Final = "unreadable_record"
"""The reason of a suppression that can't be read, and holds back whom it may be for."""


class _Whom(Struct, frozen=True):
    """The fields of a suppression that may still say whom it is for, whatever is wrong with the others."""

    address: Any = None
    person: Any = None
    channel: Any = None


_WHOM: Final = msgspec.json.Decoder(_Whom)


def widest_suppression(record_id: str, data: object) -> SuppressionRecord | None:
    """The most that a suppression which can't be read may hold back: every channel and trigger, without an end.

    Its own fields say for whom it is (`data`: bytes of JSON, or plain data). If they do not, its id may, in the form in
    which Tocsin writes ids: `email/zoe@acme.example`, `contact/ct-1/email/opened`. None where neither says it. None
    also for a person on a channel that only a later release knows: nothing goes out there.
    """
    try:
        whom = _WHOM.decode(data) if isinstance(data, bytes) else msgspec.convert(data, _Whom)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        whom = _Whom()
    address = whom.address if isinstance(whom.address, str) and whom.address else None
    person = whom.person if isinstance(whom.person, str) and whom.person.startswith(_PEOPLE) else None
    if address is None and person is None:
        # The parts behind the person are triggers (`opened+closed`) and a channel, or `*` for all channels.
        kind, *rest = record_id.split("/")
        if len(rest) > 1 and all(word in tuple(Trigger) for word in rest[-1].split("+")):
            rest.pop()
        if kind in tuple(Channel):
            address = "/".join(rest) or None
        elif record_id.startswith(_PEOPLE):
            rest = rest[:-1] if len(rest) > 1 and rest[-1] in ("*", *Channel) else rest
            person = "/".join([kind, *rest])
    is_of_later_channel = isinstance(whom.channel, str) and whom.channel not in tuple(Channel)
    if address is None and (person is None or is_of_later_channel):
        return None
    return SuppressionRecord(record_id, address=address, person=person, reason=UNREADABLE)


def read_mode(position: int, data: object) -> ModeRecord:
    """Read the mode at this position of a person's `modes`. Raises RefusedError that names the field."""
    field = f"modes[{position}]"
    try:
        mode = msgspec.convert(data, ModeRecord)
    except msgspec.ValidationError as error:
        fault = refusal_of(error, data, ModeRecord).refusals[0]
        path = f"{field}.{fault.field}" if fault.field else field
        raise RefusedError("bad_mode", Refusal(path, fault.reason, fault.value)) from None
    wrong = address_fault(mode.channel, mode.address)
    if wrong is not None:
        raise refuse(f"{field}.address", mode.address, wrong, "bad_mode")
    return mode


def read_reply_to(text: str) -> str:
    """The mailbox to which answers go, as RFC 5322 has it, its domain in ASCII. Raises RefusedError."""
    try:
        return str(named_mailbox(text))
    except NoMailboxError as error:
        reason = f"{error.reason}; until it is mended, answers go to the sender's own address"
        raise refuse("reply_to", text, reason, "bad_reply_to") from None


def part_code(refusal: Refusal) -> str:
    """The class of a fault that costs only a part of its record: by its field, else `bad_mode`."""
    return _PART_CODES.get(refusal.field.partition("[")[0], "bad_mode")


_PART_CODES: Final = {
    "reply_to": "bad_reply_to",
    "tags": BAD_TAGS,
    "groups": BAD_TAGS,
    "languages": BAD_LANGUAGES,
}
