"""The directory in memory: every look-up by id is one step, whatever its size, and changes apply record by record."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from engine.directory import compact
from engine.directory.records import Attached, Contract, Customer, Person, Suppression
from schemas.directory import (
    RECORD_KINDS,
    CollaboratorRecord,
    ContactRecord,
    ContractRecord,
    CustomerRecord,
    ProductRecord,
    Record,
    ServiceRecord,
    SiteRecord,
    SuppressionRecord,
    record_kind,
)
from schemas.mailbox import mailbox
from schemas.pseudonyms import UNRECOGNISED, Pseudonyms
from schemas.refusal import Refusal
from schemas.vocabulary import Channel, ObjectKind, PersonKind, Trigger


class Directory:
    """Contracts, attached objects, people and suppressions. Not for use from several threads while it changes.

    A record whose newest form can't be read is neither its older self nor nothing: look-ups find none, and
    `is_unreadable` tells it from one that is not there. `pseudonyms` recognises suppressions of people who were
    forgotten; where it is None, such suppressions hold nothing back, and nothing is said of them.
    """

    def __init__(self, pseudonyms: Pseudonyms | None = None) -> None:
        self.pseudonyms = pseudonyms
        # How many suppressions stand by hashes. Hashing is costly, and where there are none it is not done.
        self._hashed = 0
        self._contracts: dict[str, Contract] = {}
        self.contract_changes = 0
        """How often a contract came, changed or went: whoever keeps an index of them knows by it that it is old."""
        self._customers: dict[str, Customer] = {}
        self._attached: dict[str, dict[str, Attached]] = {"product": {}, "site": {}, "service": {}}
        self._people: dict[str, dict[str, Person]] = {"contact": {}, "collaborator": {}}
        self._suppressions: dict[str, Suppression] = {}
        self._tables: Mapping[str, dict[str, Any]] = {
            "contract": self._contracts,
            "customer": self._customers,
            **self._attached,
            **self._people,
            "suppression": self._suppressions,
        }
        # By kind and id. Bounded by the number of keys, since a record that can be read takes its name out.
        self._unreadable: Mapping[str, dict[str, SuppressionRecord | None]] = {kind: {} for kind in RECORD_KINDS}
        # By key of mailbox, person or hash, then by id: `standing` is asked for every message.
        self._suppressed: dict[str, dict[str, Suppression]] = {}

    def __len__(self) -> int:
        """The number of records that can be read."""
        return sum(map(len, self._tables.values()))

    def counts(self) -> Mapping[str, int]:
        """The number of records of each kind that can be read."""
        return {kind: len(self._tables[kind]) for kind in RECORD_KINDS}

    def ids(self) -> Mapping[str, frozenset[str]]:
        """The ids of the records of each kind that are there, whether or not they can be read."""
        return {kind: frozenset(self._tables[kind]) | frozenset(self._unreadable[kind]) for kind in RECORD_KINDS}

    def unreadable_counts(self) -> Mapping[str, int]:
        """The number of records of each kind that are there and can't be read."""
        return {kind: len(ids) for kind, ids in self._unreadable.items()}

    def unreadable_names(self) -> Iterator[str]:
        """The records that are there and can't be read, as `kind/id`, kind by kind in the order in which they came."""
        for kind, ids in self._unreadable.items():
            yield from (f"{kind}/{record_id}" for record_id in ids)

    def unreadable(self) -> Mapping[str, SuppressionRecord | None]:
        """The records that are there and can't be read, by `kind/id`: of suppressions, what they may hold back."""
        return {f"{kind}/{one}": held for kind, ids in self._unreadable.items() for one, held in ids.items()}

    def is_unreadable(self, kind: str, record_id: str) -> bool:
        """Whether there is a record of this kind with this id, whose newest form can't be read."""
        return record_id in self._unreadable.get(kind, ())

    def knows(self, kind: str, record_id: str) -> bool:
        """Whether there is a record of this kind with this id that can be read."""
        return record_id in self._tables.get(kind, ())

    def apply(self, record: Record) -> list[Refusal]:
        """Add the record, or put it in the place of the one with its kind and id.

        Returns the parts that were refused.
        """
        # Whatever stood in the way before, this form of the record can be read.
        self._mended(record_kind(record), record.id)
        match record:
            case ContractRecord():
                self._contracts[record.id], refusals = compact.contract(record)
                self.contract_changes += 1
                return refusals
            case CustomerRecord():
                self._customers[record.id], refusals = compact.customer(record)
                return refusals
            case ProductRecord():
                self._attached["product"][record.id] = compact.attached(record)
            case SiteRecord():
                self._attached["site"][record.id] = compact.attached(record)
            case ServiceRecord():
                self._attached["service"][record.id] = compact.attached(record)
            case ContactRecord():
                return self._add_person("contact", record)
            case CollaboratorRecord():
                return self._add_person("collaborator", record)
            case _:
                # Its older form may stand under other keys of the index than the new one.
                self._take_out("suppression", record.id)
                suppression = self._suppressions[record.id] = compact.suppression(record)
                self._index(suppression)
                return self._unrecognised(record)
        return []

    def remove(self, kind: str, record_id: str) -> None:
        """Forget a record: it was removed. An unknown kind or id changes nothing."""
        if kind in self._tables:
            self._mended(kind, record_id)
            self._take_out(kind, record_id)

    def mark_unreadable(self, kind: str, record_id: str, held: SuppressionRecord | None = None) -> None:
        """Take the record's older form out, since its newest can't be read. An unknown kind changes nothing.

        The record stays unreadable until one that can be read takes its place, or it is removed. `held` is the widest
        that a suppression may hold back: it does so meanwhile.
        """
        if kind not in self._tables:
            return
        self._mended(kind, record_id)
        self._take_out(kind, record_id)
        self._unreadable[kind][record_id] = held
        if held is not None:
            self._index(compact.suppression(held, is_readable=False))

    def with_own_suppressions(self, pseudonyms: Pseudonyms | None) -> Directory:
        """A directory of the same records, as they change here, whose suppressions change apart from these."""
        other = Directory(pseudonyms)
        other._contracts, other._customers = self._contracts, self._customers
        other._attached, other._people = self._attached, self._people
        other._suppressions = dict(self._suppressions)
        other._tables = {**self._tables, "suppression": other._suppressions}
        other._unreadable = {**self._unreadable, "suppression": dict(self._unreadable["suppression"])}
        for suppression in other._suppressions.values():
            other._index(suppression)
        for held in other._unreadable["suppression"].values():
            if held is not None:
                other._index(compact.suppression(held, is_readable=False))
        return other

    def contract(self, contract_id: str) -> Contract | None:
        """The contract with this id."""
        return self._contracts.get(contract_id)

    def contracts(self) -> Iterable[Contract]:
        """All contracts, in the order in which they came."""
        return self._contracts.values()

    def customers(self) -> Iterable[Customer]:
        """All customers, in the order in which they came."""
        return self._customers.values()

    def people(self) -> Iterator[Person]:
        """All contacts, then all collaborators."""
        for table in self._people.values():
            yield from table.values()

    def customer(self, customer_id: str | None) -> Customer | None:
        """The customer with this id."""
        return None if customer_id is None else self._customers.get(customer_id)

    def attached(self, kind: ObjectKind, object_id: str) -> Attached | None:
        """The product, site, service or customer with this id."""
        table: Mapping[str, Attached] = self._customers if kind is ObjectKind.CUSTOMER else self._attached[kind.value]
        return table.get(object_id)

    def person(self, kind: PersonKind, person_id: str) -> Person | None:
        """The contact or collaborator with this id."""
        return self._people[kind.value].get(person_id)

    @property
    def has_unreadable_suppressions(self) -> bool:
        """Whether a suppression stands whose record can't be read."""
        return bool(self._unreadable["suppression"])

    def is_suppressed(self, person: Person, channel: Channel, address: str, trigger: Trigger, now: datetime) -> bool:
        """Whether a suppression stands for this address or person, and this trigger."""
        # Most directories have few suppressions, and this is asked for every message.
        return bool(self._suppressed) and any(self.standing(person, channel, address, trigger, now))

    def standing(
        self, person: Person, channel: Channel, address: str, trigger: Trigger, now: datetime
    ) -> Iterator[Suppression]:
        """The suppressions that stand for this address or person, and this trigger."""
        # Suppressions stand for mailboxes, so that another spelling of the address is held back as well.
        of_mailbox, of_person = mailbox(address), f"{person.kind}/{person.id}"
        keys = [_mailbox_key(of_mailbox), of_person]
        if self._hashed and self.pseudonyms is not None:
            hashes = [*self.pseudonyms.of_mailbox(of_mailbox), *self.pseudonyms.of_person(of_person)]
            keys += map(_hash_key, hashes)
        for key in keys:
            for suppression in self._suppressed.get(key, {}).values():
                if suppression.stands(now, trigger, channel):
                    yield suppression

    def _take_out(self, kind: str, record_id: str) -> None:
        gone = self._tables[kind].pop(record_id, None)
        self.contract_changes += isinstance(gone, Contract)
        if isinstance(gone, Suppression):
            self._unindex(gone)

    def _mended(self, kind: str, record_id: str) -> None:
        held = self._unreadable[kind].pop(record_id, None)
        if held is not None:
            self._unindex(compact.suppression(held))

    def _unrecognised(self, record: SuppressionRecord) -> list[Refusal]:
        known = self.pseudonyms
        return [Refusal("", UNRECOGNISED) for one in record.hashes if known is not None and not known.knows(one)]

    def _unindex(self, gone: Suppression) -> None:
        self._hashed -= bool(gone.hashes)
        for key in _suppression_keys(gone):
            self._suppressed[key].pop(gone.id, None)
            # Keys of lifted suppressions must not add up.
            if not self._suppressed[key]:
                del self._suppressed[key]

    def _add_person(self, kind: str, record: ContactRecord | CollaboratorRecord) -> list[Refusal]:
        person, refusals = compact.person(record)
        self._people[kind][person.id] = person
        return refusals

    def _index(self, suppression: Suppression) -> None:
        self._hashed += bool(suppression.hashes)
        for key in _suppression_keys(suppression):
            self._suppressed.setdefault(key, {})[suppression.id] = suppression


def _suppression_keys(suppression: Suppression) -> list[str]:
    keys = [] if suppression.mailbox is None else [_mailbox_key(suppression.mailbox)]
    keys += map(_hash_key, suppression.hashes)
    return keys if suppression.person is None else [*keys, suppression.person]


def _hash_key(written: str) -> str:
    return "#" + written


def _mailbox_key(address: str) -> str:
    # Never equal to a person's key, which has a kind before its slash.
    return "@" + address
