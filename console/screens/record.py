"""A customer, contract, site, product or service: who is told through it, by which rules, and what it leaves open."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final

from msgspec import Struct

from console.screens.attachments import in_category, listed_people
from console.screens.lookup import Gap, Gate, InForce, Lookup, Named, Reach
from console.screens.person import may_see_contract, may_see_named, may_see_person
from console.screens.viewer import Viewer
from engine.directory.records import Contract, Customer
from engine.rulebook.rulebook import Rule
from schemas.directory import TriggerSettings
from schemas.job import PersonRef
from schemas.vocabulary import Audience, Category, ObjectKind, Trigger

NAMES: Final = 50
"""That are shown in one cell; the others are counted."""

CONTRACTS: Final = 50


class Member(Struct, frozen=True):
    """Somebody who is attached; `is_told` says whether a ticket of the contract may lead to a message for them.

    `name` is null for those who may not see people; `gate` says where they stop.
    """

    person: PersonRef
    name: str | None
    is_told: bool
    gate: Gate | None


class Cell(Struct, frozen=True):
    """One of the ten categories of a contract: its tick, and who is in it. `others` are not shown."""

    category: Category
    is_ticked: bool
    members: Sequence[Member]
    others: int

    @property
    def told(self) -> int:
        """How many of those who are shown are told."""
        return sum(one.is_told for one in self.members)


class ContractPage(Struct, frozen=True):
    """A contract. `as_a_whole` says why it alerts nobody at present; null: it may alert."""

    contract: Contract
    cells: Sequence[Cell]
    rules: Sequence[Rule]
    gaps: Sequence[Gap]
    as_a_whole: Gate | None
    in_force: bool

    def cell(self, kind: ObjectKind, audience: Audience) -> Cell:
        """The cell in this row and column."""
        return next(one for one in self.cells if one.category.object_kind is kind and one.category.audience is audience)


class Through(Struct, frozen=True):
    """A contract to which an object is attached, and its ticks for objects of this kind."""

    contract: Contract
    ticked: Sequence[Audience]


class ObjectPage(Struct, frozen=True):
    """A customer, site, product or service: who is attached to it, and the contracts through which they are told."""

    kind: ObjectKind
    id: str
    name: str | None
    contacts: Sequence[Member]
    collaborators: Sequence[Member]
    others: int
    through: Sequence[Through]
    more: int
    customer: Customer | None
    alerts: Sequence[tuple[Trigger, TriggerSettings | None]]


def contract_of(lookup: Lookup, contract_id: str, viewer: Viewer, now: datetime) -> ContractPage | None:
    """The page of a contract; None where there is none, or none that may be seen."""
    known = lookup.in_force()
    contract = known.directory.contract(contract_id)
    if contract is None or not may_see_contract(contract, viewer):
        return None
    reach = lookup.reach(contract, now)
    cells = [_cell(category, contract, known, reach, viewer) for category in Category]
    rules = known.rulebook.derive(contract.ticks).rules
    # What is missing is told with names of people, and of other customers' too.
    gaps = lookup.gaps(contract, now) if viewer.sees_people and viewer.customers is None else ()
    return ContractPage(contract, cells, rules, gaps, reach.as_a_whole, contract.is_in_force(now))


def object_of(lookup: Lookup, kind: ObjectKind, object_id: str, viewer: Viewer) -> ObjectPage | None:
    """The page of another object; None where there is none, or none that may be seen."""
    known = lookup.in_force()
    found = known.directory.attached(kind, object_id)
    if found is None or not may_see_named(lookup, Named(kind.value, object_id, found.name), viewer):
        return None
    names = known.attachments.contracts_of(kind, object_id)
    contracts = [one for one in map(known.directory.contract, names) if one and may_see_contract(one, viewer)]
    through = [Through(one, _ticked(one, kind)) for one in contracts[:CONTRACTS]]
    contacts, hidden = _members(listed_people(found, Audience.CONTACTS), known, viewer)
    collaborators, others = _members(listed_people(found, Audience.COLLABORATORS), known, viewer)
    customer = known.directory.customer(object_id) if kind is ObjectKind.CUSTOMER else None
    alerts = [] if customer is None else [(trigger, customer.alert(trigger)) for trigger in Trigger]
    more = max(0, len(contracts) - CONTRACTS)
    return ObjectPage(
        kind, object_id, found.name, contacts, collaborators, hidden + others, through, more, customer, alerts
    )


def _ticked(contract: Contract, kind: ObjectKind) -> list[Audience]:
    return [one.audience for one in Category if one.object_kind is kind and one.bit & contract.ticks]


def _cell(category: Category, contract: Contract, known: InForce, reach: Reach, viewer: Viewer) -> Cell:
    told = {person for person, through in reach.told if through is category}
    gates = {one.skip.person: one for one in reach.stopped if one.skip.category is category}
    members, others = _members(in_category(category, contract, known.directory), known, viewer, told, gates)
    return Cell(category, bool(category.bit & contract.ticks), members, others)


def _members(
    people: Sequence[PersonRef],
    known: InForce,
    viewer: Viewer,
    told: Collection[PersonRef] = (),
    gates: dict[PersonRef | None, Gate] | None = None,
) -> tuple[list[Member], int]:
    """Those who may be seen, up to so many, and the number of the others."""
    found: list[Member] = []
    for ref in people:
        person = known.directory.person(ref.kind, ref.id)
        is_seen = viewer.customers is None or (person is not None and may_see_person(person, viewer))
        if is_seen and len(found) < NAMES:
            name = person.name if person is not None and viewer.sees_people else None
            gate = (gates or {}).get(ref)
            found.append(Member(ref, name, ref in told, gate))
    return found, len(people) - len(found)
