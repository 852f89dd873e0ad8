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


class Found(Struct, frozen=True):
    """All that stage 3 finds: people to ask further gates about, and entries that end here."""

    recipients: list[Recipient]
    skipped: list[Skip]


def find_recipients(scope: Scope) -> Found:
    """Everyone attached, each person once per category."""
    found = Found([], [])
    for kind, categories in _CATEGORIES.items():
        objects, missing = _objects(scope, kind)
        for category in categories:
            _add(found, scope, category, objects, missing)
    return found


def _add(
    found: Found, scope: Scope, category: Category, objects: list[Attached | Contract], missing: Reason | None
) -> None:
    enabled = bool(scope.contract.ticks & category.bit)
    if missing is not None:
        found.skipped.append(Skip(None, category, missing if enabled else Reason.CATEGORY_OFF))
    if category in scope.policy.nobody_when_unnamed and not _names(scope, category.object_kind):
        return
    kind = _PERSON_KIND[category.audience]
    for person_id in _people(objects, category.audience):
        person = PersonRef(kind, person_id)
        if enabled:
            found.recipients.append(Recipient(person, scope.directory.person(kind, person_id), category))
        else:
            found.skipped.append(Skip(person, category, Reason.CATEGORY_OFF))


def _people(objects: Iterable[Attached | Contract], audience: Audience) -> Iterable[str]:
    contacts = audience is Audience.CONTACTS
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


def _objects(scope: Scope, kind: ObjectKind) -> tuple[list[Attached | Contract], Reason | None]:
    """The objects whose people are reached, and why the one that the ticket names is not among them."""
    contract = scope.contract
    if kind is ObjectKind.CONTRACT:
        return [contract], None
    attached = _attached_ids(contract, kind)
    named = _names(scope, kind)
    missing = None
    if named is not None and named not in attached:
        missing = Reason.OBJECT_NOT_ATTACHED
    elif named is not None and scope.directory.attached(kind, named) is None:
        missing = Reason.OBJECT_UNKNOWN
    wanted = attached if named is None else (named,) if named in attached else ()
    if kind is ObjectKind.CUSTOMER:
        # The contract client is reached whatever the ticket says, its other customers only where the ticket is theirs.
        wanted = (() if contract.client is None else (contract.client,)) + (wanted if named is not None else ())
    objects = [scope.directory.attached(kind, one) for one in dict.fromkeys(wanted)]
    return [one for one in objects if one is not None], missing


def _attached_ids(contract: Contract, kind: ObjectKind) -> tuple[str, ...]:
    match kind:
        case ObjectKind.PRODUCT:
            return contract.products
        case ObjectKind.SITE:
            return contract.sites
        case ObjectKind.SERVICE:
            return contract.services
        case _:
            clients = (contract.client, contract.invoiced_client)
            return tuple(one for one in clients if one is not None) + contract.beneficiaries
