"""From a record on the wire to its small form in memory."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from datetime import date
from typing import Any, Final, TypeVar

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
    read_reply_to,
)
from schemas.language_tags import read_languages
from schemas.mailbox import mailbox
from schemas.refusal import Refusal, RefusedError
from schemas.tags import read_tags
from schemas.vocabulary import Category, ObjectKind, PersonKind, Trigger

_TRIGGERS = {trigger.value: trigger_bit(trigger) for trigger in Trigger}

T = TypeVar("T", bound=Hashable)

SHARED_VALUES: Final = 262_144
"""Values of one type that are remembered to be kept once: enough for the sites and customers of 100,000 contracts."""


def _sharing(kept: dict[Any, Any], value: T) -> T:
    """The equal value that came before, or this one. The table is bounded, so that changes over time do not fill it.

    Not `sys.intern`: on Python 3.12 a text that was interned is never freed.
    """
    # Emptied at once, since finding out what is still in use would cost more than to share anew.
    if len(kept) >= SHARED_VALUES:
        kept.clear()
    shared: T = kept.setdefault(value, value)
    return shared


_TEXTS: dict[str, str] = {}
_LISTS: dict[tuple[str, ...], tuple[str, ...]] = {}
_DAYS: dict[date, date] = {}
_SETTINGS: dict[TriggerSettings, TriggerSettings] = {}


def contract(record: ContractRecord) -> tuple[Contract, list[Refusal]]:
    """A contract in memory, and what can't be read of its `reply_to` and `tags`: that alone is lost."""
    reply_to, refusals = _reply_to(record.reply_to)
    tags, bad_tags = _tags("tags", record.tags)
    made = Contract(
        id=record.id,
        reference=record.reference,
        is_commitment=record.type == "commitment",
        # What is not mentioned is on: a record need not have fields that its platform does not know.
        is_active=record.status in (None, "active"),
        valid_from=_day(record.valid_from),
        valid_to=_day(record.valid_to),
        alerts_enabled=record.alerts_enabled is not False,
        ticks=_category_ticks(record.recipients),
        client=_text(record.client),
        invoiced_client=_text(record.invoiced_client),
        beneficiaries=_shared_ids(record.beneficiaries),
        client_reads_beneficiaries=record.client_reads_beneficiaries is not False,
        products=_shared_ids(record.products),
        sites=_shared_ids(record.sites),
        services=_shared_ids(record.services),
        contacts=_ids(record.contacts),
        collaborators=_shared_ids(record.collaborators),
        reply_to=reply_to,
        tags=tags,
    )
    return made, refusals + bad_tags


def attached(record: ProductRecord | SiteRecord | ServiceRecord) -> Attached:
    """A product, site or service in memory."""
    return Attached(record.id, record.name, _ids(record.contacts), _shared_ids(record.collaborators))


def customer(record: CustomerRecord) -> tuple[Customer, list[Refusal]]:
    """A customer in memory, and what can't be read of their `tags` and `languages`: that alone is lost."""
    tags, refusals = _tags("tags", record.tags)
    languages, bad_languages = _languages(record.languages)
    made = Customer(
        id=record.id,
        name=record.name,
        contacts=_ids(record.contacts),
        collaborators=_shared_ids(record.collaborators),
        main_site=_text(record.main_site),
        language=_text(record.language),
        time_zone=_text(record.time_zone),
        alerts=_settings(record.alerts),
        tags=tags,
        languages=languages,
    )
    return made, refusals + bad_languages


def person(record: ContactRecord | CollaboratorRecord) -> tuple[Person, list[Refusal]]:
    """A person in memory, and the modes, groups and languages that could not be read: they alone are lost."""
    modes, refusals = _modes(record.modes or [])
    groups, bad_groups = _tags("groups", record.groups)
    languages, bad_languages = _languages(record.languages)
    if isinstance(record, CollaboratorRecord):
        # Collaborators belong to the helpdesk: gates about customers and sites are not asked of them.
        kind, belongs = PersonKind.COLLABORATOR, None
        acts_for, sites = _ids(None), _ids(None)
    else:
        kind, belongs = PersonKind.CONTACT, _text(record.customer)
        acts_for, sites = _shared_ids(record.acts_for), _shared_ids(record.sites)
    made = Person(
        kind=kind,
        id=record.id,
        name=record.name,
        language=_text(record.language),
        time_zone=_text(record.time_zone),
        modes=modes,
        ticks=_trigger_ticks(record.alerts),
        customer=belongs,
        acts_for=acts_for,
        sites=sites,
        groups=groups,
        languages=languages,
    )
    return made, refusals + bad_groups + bad_languages


def suppression(record: SuppressionRecord, *, is_readable: bool = True) -> Suppression:
    """A suppression in memory."""
    return Suppression(
        id=record.id,
        channel=record.channel,
        mailbox=mailbox(record.address) if record.address else None,
        person=record.person or None,
        triggers=None if record.triggers is None else frozenset(one for one in Trigger if one in record.triggers),
        until=record.until,
        is_readable=is_readable,
        hashes=tuple(record.hashes),
    )


def _reply_to(given: str | None) -> tuple[str | None, list[Refusal]]:
    if not given:
        return None, []
    try:
        return _text(read_reply_to(given)), []
    except RefusedError as error:
        return None, [*error.refusals]


def _modes(given: list[object]) -> tuple[tuple[Mode, ...], list[Refusal]]:
    modes: list[Mode] = []
    refusals: list[Refusal] = []
    for position, data in enumerate(given):
        try:
            mode = read_mode(position, data)
        except RefusedError as error:
            refusals += error.refusals
        else:
            # Nothing is sent to an address whose record does not say that it is active.
            modes.append(Mode(mode.channel, mode.address, bool(mode.active)))
    return tuple(modes), refusals


def _tags(field: str, given: object) -> tuple[tuple[str, ...], list[Refusal]]:
    if given is None:
        return (), []
    tags, refusals = read_tags(field, given)
    return _shared_ids(tags), refusals


def _languages(given: object) -> tuple[tuple[str, ...], list[Refusal]]:
    if given is None:
        return (), []
    languages, refusals = read_languages("languages", given)
    return _shared_ids(languages), refusals


def _trigger_ticks(names: list[str] | None) -> int:
    ticks = 0
    for name in names or ():
        # Words that are no trigger are named when the record is loaded; here they tick nothing.
        ticks |= _TRIGGERS.get(name, 0)
    return ticks


_CATEGORY_BITS = [
    (kind.value, Category(f"{kind}.contacts").bit, Category(f"{kind}.collaborators").bit) for kind in ObjectKind
]


def _category_ticks(recipients: Recipients | None) -> int:
    if recipients is None:
        return 0
    ticks = 0
    for kind, contacts, collaborators in _CATEGORY_BITS:
        pair = getattr(recipients, kind)
        if pair is not None:
            ticks |= (contacts if pair.contacts else 0) | (collaborators if pair.collaborators else 0)
    return ticks


def _settings(alerts: CustomerAlerts | None) -> tuple[TriggerSettings | None, ...]:
    if alerts is None:
        return ()
    # In the order of Trigger, see Customer.alerts.
    given = (alerts.closed, alerts.resolved, alerts.opened, alerts.status_changed)
    return tuple([None if one is None else _sharing(_SETTINGS, one) for one in given])


def _text(given: str | None) -> str | None:
    """A text that stands in many records."""
    return None if given is None else _sharing(_TEXTS, given)


def _day(given: date | None) -> date | None:
    return None if given is None else _sharing(_DAYS, given)


def _shared_ids(given: Iterable[str] | None) -> tuple[str, ...]:
    """A list of ids that stands in many records: the sites of a person, the products of a contract."""
    return _sharing(_LISTS, tuple([_sharing(_TEXTS, one) for one in given])) if given else ()


def _ids(given: Iterable[str] | None) -> tuple[str, ...]:
    """Ids of contacts: most of them stand in one list or two, so to remember them costs more than to repeat them."""
    return tuple(given) if given else ()
