"""Records that name one that is not there, or that say different things of the same."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from msgspec import Struct

from adapters.files.directory_folder import Loading, read_into
from engine.directory.directory import Directory
from engine.directory.records import Contract, Customer, Person
from schemas.directory import ProductRecord, Record, ServiceRecord, SiteRecord, SuppressionRecord, record_kind
from schemas.refusal import Refusal
from schemas.vocabulary import ObjectKind, PersonKind
from tocsin.authoring.reach.gaps import Gap, GapCode

_OWNED: Final = (ObjectKind.PRODUCT, ObjectKind.SITE, ObjectKind.SERVICE)
"""Kinds whose records no decision keeps whole."""


class Surveyed:
    """A directory, and what it does not keep since no decision reads it: whose sites and services are.

    `objects` holds all products, sites and services, by kind and id, with that: None where the record does not say.
    `lost` are the parts of records that can't be read, by the records' kind and id: the rest of those is in use.
    """

    def __init__(self) -> None:
        self.directory = Directory()
        self.lost: dict[tuple[str, str], list[Refusal]] = {}
        self.objects: dict[tuple[ObjectKind, str], str | None] = {}

    def knows(self, kind: str, record_id: str) -> bool:
        """See adapters.files.directory_folder.Sink."""
        return self.directory.knows(kind, record_id)

    def apply(self, record: Record) -> list[Refusal]:
        """See Sink."""
        match record:
            case ProductRecord():
                self.objects[ObjectKind.PRODUCT, record.id] = None
            case SiteRecord():
                self.objects[ObjectKind.SITE, record.id] = record.customer
            case ServiceRecord():
                self.objects[ObjectKind.SERVICE, record.id] = record.contract
            case _:
                pass
        # The directory forgets whose sites and services are, as no decision reads it: hence the table above.
        refusals = self.directory.apply(record)
        self._forget_lost(record_kind(record), record.id)
        if refusals:
            self.lost[record_kind(record), record.id] = refusals
        return refusals

    def remove(self, kind: str, record_id: str) -> None:
        """Forget a record."""
        if kind in _OWNED:
            self.objects.pop((ObjectKind(kind), record_id), None)
        self._forget_lost(kind, record_id)
        self.directory.remove(kind, record_id)

    def unreadable(self) -> Iterable[str]:
        """See Directory."""
        return self.directory.unreadable()

    def mark_unreadable(self, kind: str, record_id: str, held: SuppressionRecord | None = None) -> None:
        """See Sink."""
        if kind in _OWNED:
            self.objects.pop((ObjectKind(kind), record_id), None)
        self._forget_lost(kind, record_id)
        self.directory.mark_unreadable(kind, record_id, held)

    def _forget_lost(self, kind: str, record_id: str) -> None:
        self.lost.pop((kind, record_id), None)


def read_surveyed(path: Path) -> Loading[Surveyed]:
    """Read a folder, or one file. Raises OSError where `path` itself can't be opened."""
    return read_into(Surveyed(), path)


class _Named(Struct, frozen=True):
    """A reference: the field it stands in, and the kind and id of the record that it names."""

    field: str
    kind: str
    id: str


def record_gaps(surveyed: Surveyed) -> Iterator[Gap]:
    """All that does not fit together."""
    directory = surveyed.directory
    for contract in directory.contracts():
        yield from _missing(f"contract/{contract.id}", _named_by_contract(contract), directory)
        yield from _of_contract(contract, surveyed)
    for customer in directory.customers():
        yield from _missing(f"customer/{customer.id}", _named_by_customer(customer), directory)
        yield from _of_customer(customer, surveyed)
    for kind, object_id in surveyed.objects:
        attached = directory.attached(kind, object_id)
        if attached is not None:
            people = _people(attached.contacts, attached.collaborators)
            yield from _missing(f"{kind}/{object_id}", people, directory)
    for person in directory.people():
        if person.kind is PersonKind.CONTACT:
            yield from _missing(f"contact/{person.id}", _named_by_contact(person), directory)
            yield from _of_contact(person, surveyed)


def _missing(record: str, named: Iterable[_Named], directory: Directory) -> Iterator[Gap]:
    for one in named:
        if not directory.knows(one.kind, one.id) and not directory.is_unreadable(one.kind, one.id):
            why = f"field {one.field} names {one.kind}/{one.id}, which the directory does not have"
            change = f"load it, or take it out of {one.field}"
            yield Gap(GapCode.UNKNOWN_REFERENCE, record, why, change, one.kind)


def _named_by_contract(contract: Contract) -> Iterator[_Named]:
    for field in ("client", "invoiced_client"):
        if getattr(contract, field) is not None:
            yield _Named(field, "customer", getattr(contract, field))
    yield from (_Named("beneficiaries", "customer", one) for one in contract.beneficiaries)
    for kind in _OWNED:
        yield from (_Named(kind.attaching_field, kind.value, one) for one in contract.attached_ids(kind))
    yield from _people(contract.contacts, contract.collaborators)


def _named_by_customer(customer: Customer) -> Iterator[_Named]:
    if customer.main_site is not None:
        yield _Named("main_site", "site", customer.main_site)
    yield from _people(customer.contacts, customer.collaborators)


def _named_by_contact(person: Person) -> Iterator[_Named]:
    if person.customer is not None:
        yield _Named("customer", "customer", person.customer)
    yield from (_Named("acts_for", "customer", one) for one in person.acts_for)
    yield from (_Named("sites", "site", one) for one in person.sites)


def _people(contacts: Iterable[str], collaborators: Iterable[str]) -> Iterator[_Named]:
    yield from (_Named("contacts", "contact", one) for one in contacts)
    yield from (_Named("collaborators", "collaborator", one) for one in collaborators)


def _of_contract(contract: Contract, surveyed: Surveyed) -> Iterator[Gap]:
    record, customers = f"contract/{contract.id}", contract.attached_ids(ObjectKind.CUSTOMER)
    for site in contract.sites:
        owner = surveyed.objects.get((ObjectKind.SITE, site))
        if owner is not None and owner not in customers:
            why = (
                f"site {site} is of customer {owner}, who is none of the contract's ({', '.join(customers) or 'none'})"
            )
            change = "take the site away, or name its customer among the beneficiaries"
            yield Gap(GapCode.DISAGREEMENT, record, why, change, "site of another customer")
    for service in contract.services:
        owner = surveyed.objects.get((ObjectKind.SERVICE, service))
        if owner is not None and owner != contract.id:
            why = f"service {service} is of contract {owner}, as its own record says"
            change = f"take it out of services, or write contract: {contract.id} there"
            yield Gap(GapCode.DISAGREEMENT, record, why, change, "service of another contract")


def _of_customer(customer: Customer, surveyed: Surveyed) -> Iterator[Gap]:
    site = customer.main_site
    owner = None if site is None else surveyed.objects.get((ObjectKind.SITE, site))
    if owner is not None and owner != customer.id:
        why = f"the main site {site} is of customer {owner}, as its own record says"
        change = f"name a site of {customer.id}, or mend the site's record"
        yield Gap(GapCode.DISAGREEMENT, f"customer/{customer.id}", why, change, "main site of another customer")


def _of_contact(person: Person, surveyed: Surveyed) -> Iterator[Gap]:
    for site in person.sites:
        owner = surveyed.objects.get((ObjectKind.SITE, site))
        if owner is not None and owner != person.customer and owner not in person.acts_for:
            why = f"the contact is of customer {person.customer}, their site {site} of customer {owner}"
            change = f"take {site} out of sites, or add {owner} to acts_for"
            yield Gap(GapCode.DISAGREEMENT, f"contact/{person.id}", why, change, "contact at another's site")
