"""Stage 3: whom the contract's ticks reach: from category to object to person."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from engine.directory.records import Attached, Contract, Person
from engine.scope import Scope
from schemas.decision import Skip
from schemas.job import PersonRef
from schemas.vocabulary import Audience, Category, ObjectKind, PersonKind, Reason

_PERSON_KIND = {Audience.CONTACTS: PersonKind.CONTACT, Audience.COLLABORATORS: PersonKind.COLLABORATOR}

_CATEGORIES = {kind: tuple(one for one in Category if one.object_kind is kind) for kind in ObjectKind}


class Recipient(Struct, frozen=True):
    """A person whom an enabled category reaches. `record` is None where the directory does not know the person."""

    person: PersonRef
    record: Person | None
    category: Category


class Objects(Struct, frozen=True):
    """The objects of one kind whose people are reached.

    `missing` says why the one that the ticket names is not among them; `unreadable` names those whose record is there
    and can't be read, as `kind/id`.
    """

    known: list[Attached | Contract]
    missing: Reason | None
    unreadable: list[str]


class Found(Struct, frozen=True):
    """All that stage 3 finds: people to ask further gates about, and entries that end here."""

    recipients: list[Recipient]
    skipped: list[Skip]


def find_recipients(scope: Scope) -> Found:
    """Everyone attached, each person once per category."""
    found = Found([], [])
    for kind, categories in _CATEGORIES.items():
        objects = _objects(scope, kind)
        for category in categories:
            _add(found, scope, category, objects)
    return found


def _add(found: Found, scope: Scope, category: Category, objects: Objects) -> None:
    enabled = bool(scope.contract.ticks & category.bit)
    # An object that is missing is of interest only where the tick is on; else the tick is why nobody is reached.
    missing = objects.missing if enabled or objects.missing is None else Reason.CATEGORY_OFF
    if missing is not None and missing is not Reason.UNREADABLE_RECORD:
        found.skipped.append(Skip(None, category, missing))
    if category in scope.policy.nobody_when_unnamed and not _names(scope, category.object_kind):
        return
    if enabled and objects.unreadable:
        reason = Reason.UNREADABLE_RECORD
        found.skipped.extend(Skip(None, category, reason, record=record) for record in objects.unreadable)
    kind = _PERSON_KIND[category.audience]
    for person_id in _people(objects.known, category.audience):
        person = PersonRef(kind, person_id)
        if enabled:
            found.recipients.append(Recipient(person, scope.directory.person(kind, person_id), category))
        else:
            found.skipped.append(Skip(person, category, Reason.CATEGORY_OFF))


def _people(objects: Iterable[Attached | Contract], audience: Audience) -> Iterable[str]:
    contacts = audience is Audience.CONTACTS
    # Once each, though attached to several objects of the kind, in the order of the records.
    return dict.fromkeys([person for one in objects for person in (one.contacts if contacts else one.collaborators)])


def _names(scope: Scope, kind: ObjectKind) -> str | None:
    """The id of the object of this kind that the ticket names."""
    ticket = scope.event.ticket
    match kind:
        case ObjectKind.PRODUCT:
            return ticket.product
        case ObjectKind.SITE:
            return ticket.site
        case ObjectKind.SERVICE:
            return ticket.service
        case ObjectKind.CUSTOMER:
            return ticket.customer
        case ObjectKind.CONTRACT:
            return scope.contract.id


def _objects(scope: Scope, kind: ObjectKind) -> Objects:
    """The objects to which a category of this kind leads."""
    contract = scope.contract
    if kind is ObjectKind.CONTRACT:
        return Objects([contract], None, [])
    attached = contract.attached_ids(kind)
    named = _names(scope, kind)
    wanted = attached if named is None else (named,) if named in attached else ()
    if kind is ObjectKind.CUSTOMER:
        # The contract client is reached whatever the ticket says, its other customers only where the ticket is theirs.
        wanted = (() if contract.client is None else (contract.client,)) + (wanted if named is not None else ())
    known: list[Attached | Contract] = []
    unreadable: list[str] = []
    for one in dict.fromkeys(wanted):
        record = scope.directory.attached(kind, one)
        if record is not None:
            known.append(record)
        elif scope.directory.is_unreadable(kind, one):
            unreadable.append(f"{kind}/{one}")
    return Objects(known, None if named is None else _why_missing(scope, kind, named, attached), unreadable)


def _why_missing(scope: Scope, kind: ObjectKind, named: str, attached: tuple[str, ...]) -> Reason | None:
    """Why the object that the ticket names leads to nobody; None where it leads on."""
    if named not in attached:
        return Reason.OBJECT_NOT_ATTACHED
    if scope.directory.attached(kind, named) is not None:
        return None
    return Reason.UNREADABLE_RECORD if scope.directory.is_unreadable(kind, named) else Reason.OBJECT_UNKNOWN
