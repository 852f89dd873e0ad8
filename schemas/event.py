"""Ticket events as the platform sends them (CloudEvents 1.0), and the checked `Event` that the engine reads."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from schemas.cloudevents import ContentMode, attributes_in, content_mode, decoded_data, strange_headers
from schemas.connect_rows import named_form
from schemas.description import is_described
from schemas.reading import Identifier, OptionalId, check_free_value, read_json, refusal_of, without_mark
from schemas.refusal import Refusal, RefusedError, refuse
from schemas.timestamps import Timestamp, in_utc
from schemas.vocabulary import ActorKind, Origin, Trigger

MAX_EVENT_BYTES: Final = 1_048_576
"""The usual limit of a message in a broker. Larger events are refused."""

Text = Annotated[str, Meta(description="Free text of any length that the event's own limit allows.")]

EventType = Literal["ticket.saved", "ticket.opened", "ticket.resolved", "ticket.closed", "ticket.status_changed"]


class Links(Struct, frozen=True):
    """Where the ticket can be seen: by the customer, and by the people of the helpdesk."""

    customer: Annotated[str | None, Meta(description="What customers open.")] = None
    agent: Annotated[str | None, Meta(description="What people of the helpdesk open.")] = None


class Ticket(Struct, frozen=True):
    """A ticket as it is after the save. The first eight fields are required, null where there is none."""

    id: Identifier
    contract: OptionalId | None
    customer: OptionalId | None
    title: Text | None
    external_description: Text | None
    status: OptionalId | None
    resolution_marked: bool | None
    closed_for_customer: bool | None
    reference: str | None = None
    product: OptionalId | None = None
    site: OptionalId | None = None
    service: OptionalId | None = None
    internal_notes: Text | None = None
    resolution_text: Text | None = None
    priority: str | None = None
    closed_internally: bool | None = None
    visible_to_customer: bool | None = None
    created_at: Timestamp | None = None
    first_described_at: Timestamp | None = None
    links: Links | None = None
    custom: dict[str, Any] | None = None


class TicketBefore(Struct, frozen=True):
    """The ticket as it was before the save: the whole, or only the fields that changed.

    Only what decisions read is read.
    """

    contract: OptionalId | UnsetType | None = UNSET
    external_description: Text | UnsetType | None = UNSET
    status: OptionalId | UnsetType | None = UNSET
    resolution_marked: bool | UnsetType | None = UNSET
    closed_for_customer: bool | UnsetType | None = UNSET
    first_described_at: Timestamp | UnsetType | None = UNSET
    priority: str | UnsetType | None = UNSET


class Actor(Struct, frozen=True):
    """Who made the save; null fields are unknown."""

    kind: ActorKind | None = None
    id: str | None = None
    email: str | None = None


class TicketData(Struct, frozen=True):
    """The `data` of an event."""

    ticket: Ticket
    previous: TicketBefore | UnsetType | None = UNSET
    triggers: list[Trigger] | None = None
    actor: Actor | None = None
    origin: Origin | None = None
    notify: bool | Literal["internal"] | None = None


class TicketCloudEvent(Struct, frozen=True):
    """A ticket event in the JSON event format of CloudEvents 1.0 (structured content mode)."""

    specversion: Literal["1.0"]
    id: Identifier
    source: Identifier
    type: EventType
    data: TicketData | UnsetType = UNSET
    data_base64: Annotated[
        str | None,
        Meta(description="The bytes of `data` in base64, in its place, as libraries write it that are given bytes."),
    ] = None
    subject: str | None = None
    time: Timestamp | None = None
    datacontenttype: str | None = None


class Event(Struct, frozen=True):
    """A checked event.

    Times are in UTC; `declared` holds the triggers that the platform named instead of a previous ticket.
    """

    id: str
    source: str
    time: datetime
    ticket: Ticket
    previous: TicketBefore | None
    declared: frozenset[Trigger] | None
    actor: Actor
    origin: Origin
    notify: bool | Literal["internal"]


_STRUCTURED = msgspec.json.Decoder(TicketCloudEvent)
_DATA = msgspec.json.Decoder(TicketData)


def read_event(value: bytes, received: datetime, headers: Mapping[str, bytes] | None = None) -> Event:
    """Read one record in structured or binary content mode (CloudEvents Kafka binding, section 3).

    `received` is when the record came, in UTC. It is used where the event has no `time`. Raises RefusedError, which
    names fields as structured content mode has them: `data.ticket.id`, `source`.
    """
    headers = headers or {}
    is_binary = content_mode(headers) is ContentMode.BINARY
    try:
        return _checked(*(_binary(value, headers) if is_binary else _structured(value)), received)
    except RefusedError as error:
        # The record may be no event at all, or its attributes may have names of HTTP: that explains the other faults.
        form, strange = named_form(value, MAX_EVENT_BYTES), None if is_binary else strange_headers(headers)
        words = [*error.refusals]
        if form is not None:
            words.insert(0, Refusal("", f"this is {form}, and no event"))
        if strange is not None:
            words.append(Refusal("headers", strange))
        raise RefusedError(error.code, *words) from None


def _structured(value: bytes) -> tuple[TicketCloudEvent, TicketData]:
    _check_is_one(value)
    envelope = read_json(value, _STRUCTURED, MAX_EVENT_BYTES)
    if envelope.data_base64 is None:
        if envelope.data is UNSET:
            raise RefusedError("invalid_field", Refusal("data", "this required field is missing"))
        return envelope, envelope.data
    if envelope.data is not UNSET:
        raise RefusedError("invalid_field", Refusal("data_base64", "an event has `data` or `data_base64`, never both"))
    return envelope, _data_of(decoded_data(envelope.data_base64))


def _check_is_one(value: bytes) -> None:
    if without_mark(value).lstrip().startswith(b"["):
        reason = "this is a list, as a batch of events has it: send each event, one JSON object, as a record of its own"
        raise RefusedError("invalid_field", Refusal("", reason))


def _binary(value: bytes, headers: Mapping[str, bytes]) -> tuple[TicketCloudEvent, TicketData]:
    # In binary mode the data is the value, so a header of this name must not pass for it.
    attributes = {name: text for name, text in attributes_in(headers).items() if name not in ("data", "data_base64")}
    data = _data_of(value)
    try:
        return msgspec.convert(attributes, TicketCloudEvent), data
    except msgspec.ValidationError as error:
        raise refusal_of(error, attributes, TicketCloudEvent) from None


def _data_of(raw: bytes) -> TicketData:
    """The data of an event, from bytes of its own. Faults have the field names of structured content mode."""
    try:
        return read_json(raw, _DATA, MAX_EVENT_BYTES)
    except RefusedError as error:
        raise RefusedError(error.code, *map(_within_data, error.refusals)) from None


def _within_data(refusal: Refusal) -> Refusal:
    return msgspec.structs.replace(refusal, field=f"data.{refusal.field}" if refusal.field else "data")


def _may_be_json(media_type: str) -> bool:
    """Whether this may be JSON. Libraries that are given bytes only say that they are bytes."""
    return "json" in media_type or "octet-stream" in media_type


def _checked(envelope: TicketCloudEvent, data: TicketData, received: datetime) -> Event:
    if envelope.datacontenttype and not _may_be_json(envelope.datacontenttype.lower()):
        raise refuse("datacontenttype", envelope.datacontenttype, "only application/json can be read")
    for name, value in (data.ticket.custom or {}).items():
        check_free_value(f"data.ticket.custom.{name}", value)
    declared = _declared_triggers(envelope.type, data)
    previous = None if data.previous is UNSET or data.previous is None else _normal_before(data.previous)
    time = received if envelope.time is None else in_utc("time", envelope.time)
    return Event(
        id=envelope.id,
        source=envelope.source,
        time=time,
        ticket=_normal(data.ticket),
        previous=previous,
        declared=declared,
        actor=data.actor or Actor(),
        origin=data.origin or Origin.USER,
        notify=True if data.notify is None else data.notify,
    )


_OPTIONAL_IDS: Final = ("contract", "customer", "product", "site", "service", "status")


def _normal(ticket: Ticket) -> Ticket:
    """The ticket with its times in UTC, and None for empty optional ids: many platforms have no null."""
    changed: dict[str, Any] = {name: None for name in _OPTIONAL_IDS if getattr(ticket, name) == ""}
    if ticket.created_at is not None:
        changed["created_at"] = in_utc("data.ticket.created_at", ticket.created_at)
    return msgspec.structs.replace(ticket, **changed) if changed else ticket


def _normal_before(previous: TicketBefore) -> TicketBefore:
    changed = {name: None for name in ("contract", "status") if getattr(previous, name) == ""}
    return msgspec.structs.replace(previous, **changed) if changed else previous


def _declared_triggers(kind: EventType, data: TicketData) -> frozenset[Trigger] | None:
    """The triggers that the platform names itself, or None where `previous` tells them."""
    if kind == "ticket.saved":
        if data.triggers is None and data.previous is UNSET:
            reason = "`previous` is missing: send the ticket as it was before (null at creation), or `data.triggers`"
            raise RefusedError("invalid_field", Refusal("data.previous", reason))
        declared = None if data.triggers is None else frozenset(data.triggers)
    else:
        declared = frozenset({Trigger(kind.removeprefix("ticket."))})
        if data.triggers is not None:
            reason = f"the type {kind} names the trigger already: leave `triggers` out, or send ticket.saved"
            raise refuse("data.triggers", data.triggers, reason)
    if declared is None:
        return None
    if data.previous is not UNSET and data.previous is not None:
        reason = "`previous` and declared triggers exclude each other: the triggers follow from `previous`"
        raise refuse("data.previous", msgspec.to_builtins(data.previous), reason)
    _check_against_ticket(declared, data.ticket)
    return declared


def _check_against_ticket(declared: frozenset[Trigger], ticket: Ticket) -> None:
    if Trigger.CLOSED in declared and not ticket.closed_for_customer:
        reason = "the trigger `closed` is declared, but the ticket is not closed for the customer"
        raise refuse("data.ticket.closed_for_customer", ticket.closed_for_customer, reason)
    if Trigger.RESOLVED in declared and not ticket.resolution_marked:
        reason = "the trigger `resolved` is declared, but the contractual resolution is not marked"
        raise refuse("data.ticket.resolution_marked", ticket.resolution_marked, reason)
    if Trigger.OPENED in declared and not is_described(ticket.external_description):
        reason = "the trigger `opened` is declared, but the external description is empty"
        raise refuse("data.ticket.external_description", ticket.external_description, reason)
    if Trigger.OPENED in declared and not ticket.contract:
        reason = "the trigger `opened` is declared, but the ticket has no contract: send it when it gets one"
        raise refuse("data.ticket.contract", None, reason)
