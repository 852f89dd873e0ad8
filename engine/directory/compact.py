"""From a record on the wire to its small form in memory."""

from __future__ import annotations

import sys
from collections.abc import Iterable

from engine.directory.records import Attached, Contract, Customer, Mode, Person, Suppression, trigger_bit
from schemas.directory import (
    CollaboratorRecord,
    ContactRecord,
    ContractRecord,
    CustomerAlerts,
    CustomerRecord,
    ProductRecord,
    Recipients,
    ServiceRecord,
    SiteRecord,
    SuppressionRecord,
    TriggerSettings,
    read_mode,
)
from schemas.mailbox import mailbox
from schemas.refusal import Refusal, RefusedError
from schemas.vocabulary import Category, PersonKind, Trigger

_TRIGGERS = {trigger.value: trigger_bit(trigger) for trigger in Trigger}


def contract(record: ContractRecord) -> Contract:
    """A contract in memory."""
    return Contract(
        id=record.id,
        reference=record.reference,
        is_commitment=record.type == "commitment",
        is_active=record.status in (None, "active"),
        valid_from=record.valid_from,
        valid_to=record.valid_to,
        alerts_enabled=record.alerts_enabled is not False,
        ticks=_category_ticks(record.recipients),
        client=_interned(record.client),
        invoiced_client=_interned(record.invoiced_client),
        beneficiaries=_ids(record.beneficiaries),
        client_reads_beneficiaries=record.client_reads_beneficiaries is not False,
        products=_ids(record.products),
        sites=_ids(record.sites),
        services=_ids(record.services),
        contacts=_ids(record.contacts),
        collaborators=_ids(record.collaborators),
        reply_to=_interned(record.reply_to),
    )


def attached(record: ProductRecord | SiteRecord | ServiceRecord) -> Attached:
    """A product, site or service in memory."""
    return Attached(record.id, record.name, _ids(record.contacts), _ids(record.collaborators))


def customer(record: CustomerRecord) -> Customer:
    """A customer in memory."""
    return Customer(
        id=record.id,
        name=record.name,
        contacts=_ids(record.contacts),
        collaborators=_ids(record.collaborators),
        main_site=_interned(record.main_site),
        language=_interned(record.language),
        time_zone=_interned(record.time_zone),
        alerts=_settings(record.alerts),
    )


def person(record: ContactRecord | CollaboratorRecord) -> tuple[Person, list[Refusal]]:
    """A person in memory, and the modes that could not be read: they alone are lost."""
    modes, refusals = _modes(record.modes or [])
    if isinstance(record, CollaboratorRecord):
        kind, belongs = PersonKind.COLLABORATOR, None
        acts_for, sites = _ids(None), _ids(None)
    else:
        kind, belongs = PersonKind.CONTACT, _interned(record.customer)
        acts_for, sites = _ids(record.acts_for), _ids(record.sites)
    made = Person(
        kind=kind,
        id=sys.intern(record.id),
        name=record.name,
        language=_interned(record.language),
        time_zone=_interned(record.time_zone),
        modes=modes,
        ticks=sum(_TRIGGERS.get(name, 0) for name in set(record.alerts or ())),
        customer=belongs,
        acts_for=acts_for,
        sites=sites,
    )
    return made, refusals


def suppression(record: SuppressionRecord) -> Suppression:
    """A suppression in memory."""
    return Suppression(
        id=record.id,
        channel=record.channel,
        mailbox=None if record.address is None else mailbox(record.address),
        person=record.person,
        triggers=frozenset(record.triggers or ()),
        until=record.until,
    )


def _modes(given: list[object]) -> tuple[tuple[Mode, ...], list[Refusal]]:
    modes: list[Mode] = []
    refusals: list[Refusal] = []
    for position, data in enumerate(given):
        try:
            mode = read_mode(position, data)
        except RefusedError as error:
            refusals += error.refusals
        else:
            modes.append(Mode(mode.channel, mode.address, mode.active))
    return tuple(modes), refusals


def _category_ticks(recipients: Recipients | None) -> int:
    if recipients is None:
        return 0
    ticks = 0
    for category in Category:
        pair = getattr(recipients, category.object_kind.value)
        if pair is not None and getattr(pair, category.audience.value):
            ticks |= category.bit
    return ticks


def _settings(alerts: CustomerAlerts | None) -> tuple[TriggerSettings | None, ...]:
    return () if alerts is None else tuple(getattr(alerts, trigger.value) for trigger in Trigger)


def _interned(text: str | None) -> str | None:
    return None if text is None else sys.intern(text)


def _ids(given: Iterable[str] | None) -> tuple[str, ...]:
    # The same ids stand in many records: they are kept once.
    return tuple(map(sys.intern, given)) if given else ()
