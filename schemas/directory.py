"""Directory records: contracts, the objects attached to them, people, and suppressions (topic `helpdesk.directory`)."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta, Struct

from schemas.mailbox import address_fault
from schemas.reading import Identifier, read_json, refusal_of
from schemas.refusal import Refusal, RefusedError, refuse
from schemas.timestamps import Timestamp, in_utc
from schemas.vocabulary import Channel, MessageFormat

MAX_RECORD_BYTES: Final = 1_048_576

Ids = list[Identifier] | None
TriggerNames = Annotated[
    list[str] | None,
    Meta(description="Names of triggers; a name that this version does not know is passed over."),
]


class Ticks(Struct, frozen=True):
    """Which audiences of one object kind a contract alerts (not mentioned: off)."""

    contacts: Annotated[bool | None, Meta(description="External contacts.")] = None
    collaborators: Annotated[bool | None, Meta(description="Internal collaborators.")] = None


class Recipients(Struct, frozen=True):
    """A contract's ticks: five object kinds, two audiences each."""

    product: Ticks | None = None
    site: Ticks | None = None
    contract: Ticks | None = None
    service: Ticks | None = None
    customer: Ticks | None = None


class ContractRecord(Struct, frozen=True, tag_field="kind", tag="contract"):
    """A contract. Only `commitment` contracts alert. `valid_from` and `valid_to` are days in UTC, both included."""

    id: Identifier
    reference: str | None = None
    type: str | None = None
    status: str | None = None
    valid_from: date | None = None
    valid_to: date | None = None
    alerts_enabled: bool | None = None
    recipients: Recipients | None = None
    client: Identifier | None = None
    invoiced_client: Identifier | None = None
    beneficiaries: Ids = None
    client_reads_beneficiaries: bool | None = None
    products: Ids = None
    sites: Ids = None
    services: Ids = None
    contacts: Ids = None
    collaborators: Ids = None
    reply_to: str | None = None


class TriggerSettings(Struct, frozen=True):
    """How a customer's contacts are told of one trigger."""

    enabled: Annotated[bool | None, Meta(description="Whether they are told (not mentioned: not).")] = None
    subject_keyword: Annotated[str | None, Meta(description="What stands before the subject.")] = None
    template: Annotated[str | None, Meta(description="A template by its name, such as `external/opened`.")] = None
    format: Annotated[str | None, Meta(description="`html` or `text`; another word is passed over.")] = None

    @property
    def message_format(self) -> MessageFormat | None:
        """The format, where it is one that this version knows."""
        return MessageFormat(self.format) if self.format in tuple(MessageFormat) else None


class CustomerAlerts(Struct, frozen=True):
    """A customer's settings for each trigger (not mentioned: off)."""

    opened: TriggerSettings | None = None
    resolved: TriggerSettings | None = None
    closed: TriggerSettings | None = None
    status_changed: TriggerSettings | None = None


class CustomerRecord(Struct, frozen=True, tag_field="kind", tag="customer"):
    """A customer, client or beneficiary of contracts."""

    id: Identifier
    name: str | None = None
    main_site: Identifier | None = None
    language: str | None = None
    time_zone: str | None = None
    contacts: Ids = None
    collaborators: Ids = None
    alerts: CustomerAlerts | None = None


class SiteRecord(Struct, frozen=True, tag_field="kind", tag="site"):
    """A site of a customer."""

    id: Identifier
    customer: Identifier | None = None
    name: str | None = None
    contacts: Ids = None
    collaborators: Ids = None


class ProductRecord(Struct, frozen=True, tag_field="kind", tag="product"):
    """A maintained product."""

    id: Identifier
    name: str | None = None
    contacts: Ids = None
    collaborators: Ids = None


class ServiceRecord(Struct, frozen=True, tag_field="kind", tag="service"):
    """A line of services of a contract."""

    id: Identifier
    contract: Identifier | None = None
    name: str | None = None
    contacts: Ids = None
    collaborators: Ids = None


class ModeRecord(Struct, frozen=True):
    """One way to reach a person: a channel, one address on it, and whether it is in use (not mentioned: not)."""

    channel: Channel
    address: str
    active: bool | None = None


Modes = Annotated[
    list[Any] | None,
    Meta(description="Modes of reception (see ModeRecord). One that can't be read is refused alone, the person stays."),
]


class ContactRecord(Struct, frozen=True, tag_field="kind", tag="contact"):
    """An external person, of one customer; `acts_for` names other customers whose tickets are also theirs."""

    id: Identifier
    customer: Identifier | None = None
    acts_for: Ids = None
    name: str | None = None
    language: str | None = None
    time_zone: str | None = None
    sites: Ids = None
    modes: Modes = None
    alerts: TriggerNames = None


class CollaboratorRecord(Struct, frozen=True, tag_field="kind", tag="collaborator"):
    """An internal person."""

    id: Identifier
    name: str | None = None
    language: str | None = None
    time_zone: str | None = None
    modes: Modes = None
    alerts: TriggerNames = None


class SuppressionRecord(Struct, frozen=True, tag_field="kind", tag="suppression"):
    """An address on a channel, or a person (`contact/ct-1`), that must not be alerted.

    `channel` null: on all; `triggers` null: for all; it has ended at `until` (null: never). `since` tells people when
    it came;
    it holds nothing back, since clocks of different machines differ.
    """

    id: Identifier
    channel: Channel | None = None
    address: str | None = None
    person: str | None = None
    triggers: TriggerNames = None
    reason: Any = None
    since: Any = None
    until: Timestamp | None = None


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

RECORD_KINDS: Final = (
    "contract",
    "customer",
    "site",
    "product",
    "service",
    "contact",
    "collaborator",
    "suppression",
)

_RECORD = msgspec.json.Decoder[Record](Record)


def read_record(raw: bytes) -> Record:
    """Read one directory record from JSON. Raises RefusedError."""
    return checked(read_json(raw, _RECORD, MAX_RECORD_BYTES))


def record_from_data(data: object) -> Record:
    """Read one directory record from plain data, as YAML gives it. Raises RefusedError."""
    try:
        record: Record = msgspec.convert(data, Record)
    except msgspec.ValidationError as error:
        raise refusal_of(error, data) from None
    except RecursionError:
        raise RefusedError("too_deep", Refusal("", "the record is nested too deeply to be read")) from None
    return checked(record)


def checked(record: Record) -> Record:
    """The record, if its fields agree with each other. Raises RefusedError."""
    if not isinstance(record, SuppressionRecord):
        return record
    if not record.address and not record.person:
        raise RefusedError("invalid_field", Refusal("person", "a suppression names an address or a person"))
    if record.person and not record.person.startswith(("contact/", "collaborator/")):
        raise refuse("person", record.person, "a person is named as contact/ID or collaborator/ID")
    if record.until is not None:
        in_utc("until", record.until)
    return record


def read_mode(position: int, data: object) -> ModeRecord:
    """Read the mode at this position of a person's `modes`. Raises RefusedError that names the field."""
    field = f"modes[{position}]"
    try:
        mode = msgspec.convert(data, ModeRecord)
    except msgspec.ValidationError as error:
        fault = refusal_of(error, data).refusals[0]
        path = f"{field}.{fault.field}" if fault.field else field
        raise RefusedError("bad_mode", Refusal(path, fault.reason, fault.value)) from None
    wrong = address_fault(mode.channel, mode.address)
    if wrong is not None:
        raise refuse(f"{field}.address", mode.address, wrong, "bad_mode")
    return mode
