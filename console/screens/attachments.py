"""Who is attached to what, looked up from the person and from the object: the directory has it the other way."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from engine.directory.directory import Directory
from engine.directory.records import Attached, Contract
from schemas.job import PersonRef
from schemas.vocabulary import Audience, Category, ObjectKind, PersonKind

Object = tuple[ObjectKind, str]

KINDS: Final = (ObjectKind.PRODUCT, ObjectKind.SITE, ObjectKind.SERVICE, ObjectKind.CUSTOMER)


class Attachments:
    """An index of one directory, made once; its size is that of the directory's lists."""

    def __init__(self, directory: Directory) -> None:
        self._contracts: dict[Object, list[str]] = {}
        self._objects: dict[PersonRef, list[Object]] = {}
        known = directory.ids()
        for contract in [*directory.contracts()]:
            self._add(ObjectKind.CONTRACT, contract)
            for kind in ObjectKind:
                for one in contract.attached_ids(kind):
                    self._contracts.setdefault((kind, one), []).append(contract.id)
        for kind in KINDS:
            for one in sorted(known[kind.value]):
                attached = directory.attached(kind, one)
                if attached is not None:
                    self._add(kind, attached)

    def objects_of(self, person: PersonRef) -> Sequence[Object]:
        """Everything that lists this person."""
        return self._objects.get(person, ())

    def contracts_of(self, kind: ObjectKind, object_id: str) -> Sequence[str]:
        """The contracts to which an object is attached, in the directory's order."""
        return self._contracts.get((kind, object_id), ())

    def contracts_to(self, person: PersonRef) -> Sequence[str]:
        """The contracts through which a person might be told, each once."""
        found = (one for kind, name in self.objects_of(person) for one in self.contracts_of(kind, name))
        return [*dict.fromkeys(found)]

    def is_in(self, person: PersonRef, category: Category, contract: Contract) -> bool:
        """Whether a contract, or an object of it, lists the person in this category."""
        kind, attached = category.object_kind, contract.attached_ids(category.object_kind)
        listed = any(one is kind and name in attached for one, name in self.objects_of(person))
        return listed and person.kind.audience is category.audience

    def _add(self, kind: ObjectKind, listing: Attached | Contract) -> None:
        lists = ((PersonKind.CONTACT, listing.contacts), (PersonKind.COLLABORATOR, listing.collaborators))
        for person_kind, ids in lists:
            for one in dict.fromkeys(ids):
                self._objects.setdefault(PersonRef(person_kind, one), []).append((kind, listing.id))


def in_category(category: Category, contract: Contract, directory: Directory) -> list[PersonRef]:
    """Everybody whom a contract, or an object of it, lists in this category, ticked or not; each once."""
    if category.object_kind is ObjectKind.CONTRACT:
        return listed_people(contract, category.audience)
    objects = (directory.attached(category.object_kind, one) for one in contract.attached_ids(category.object_kind))
    return [*dict.fromkeys(ref for one in objects if one is not None for ref in listed_people(one, category.audience))]


def listed_people(listing: Attached | Contract, audience: Audience) -> list[PersonRef]:
    """The contacts or the collaborators of one list."""
    if audience is Audience.CONTACTS:
        return [PersonRef(PersonKind.CONTACT, one) for one in dict.fromkeys(listing.contacts)]
    return [PersonRef(PersonKind.COLLABORATOR, one) for one in dict.fromkeys(listing.collaborators)]
