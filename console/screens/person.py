"""A person: how they can be reached, which contracts tell them and where they stop, and what was decided."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import Final

from msgspec import Struct

from console.screens.attachments import Object
from console.screens.lookup import Gate, Lookup, Named
from console.screens.viewer import Viewer
from engine.directory.records import Contract, Mode, Person
from history.ports import Choice, History, KeptDecision
from schemas.decision import Skip
from schemas.job import PersonRef
from schemas.vocabulary import Category, ObjectKind, PersonKind, Reason, Trigger

CONTRACTS: Final = 20
"""That are looked through for one page: each is decided anew."""

DECISIONS: Final = 25
MOST_LOOKED_AT: Final = 500

_OF_CATEGORY: Final = (Reason.CATEGORY_OFF, Reason.NO_RULE, Reason.UNREADABLE_RECORD)


class Way(Struct, frozen=True):
    """What becomes of tickets of one contract for this person.

    `as_a_whole` is the gate at which all of its tickets end, whoever is asked about.
    """

    contract: str
    reference: str | None
    told: Sequence[Category]
    stopped: Sequence[Gate]
    as_a_whole: Gate | None


class Answer(Struct, frozen=True):
    """What they get and why not, over all contracts. `more` are contracts that were not looked through."""

    ways: Sequence[Way]
    more: int

    @property
    def is_told(self) -> bool:
        """Whether any of these contracts tells them."""
        return any(way.told for way in self.ways)

    @property
    def first(self) -> Gate | None:
        """The gate that keeps them from everything: of all at which they end, the one that is the furthest on its way.

        None where a contract tells them, and where no contract leads to them.
        """
        if self.is_told:
            return None
        gates = [gate for way in self.ways for gate in (*way.stopped, *([way.as_a_whole] if way.as_a_whole else []))]
        return max(gates, key=lambda one: one.skip.reason.depth, default=None)


class Decided(Struct, frozen=True):
    """A decision about them, as it was made: the triggers of messages to them, and the gates at which they ended.

    Of gates that are alike one is here, with the categories of them all.
    """

    kept: KeptDecision
    told: Sequence[Trigger]
    not_told: Sequence[tuple[Skip, Sequence[Category]]]


class PersonPage(Struct, frozen=True):
    """All of it. Name and `modes` are null for those who may not see people."""

    ref: PersonRef
    name: str | None
    customer: str | None
    person: Person
    modes: Sequence[Mode] | None
    suppressions: Sequence[str]
    attached: Sequence[Object]
    answer: Answer
    decisions: Sequence[Decided]
    next: int | None


def records_found(lookup: Lookup, text: str, viewer: Viewer) -> Sequence[Named]:
    """The records that a text may mean, of those that may be seen. Only ids where people may not be seen."""
    found = lookup.named(text) if text.strip() else ()
    seen = [one for one in found if may_see_named(lookup, one, viewer)]
    if viewer.sees_people:
        return seen
    # Whom an address or a name belongs to is not for those who see neither.
    people = tuple(PersonKind)
    return [Named(one.kind, one.id, None, one.customer) for one in seen if one.kind not in people or one.id == text]


def may_see_named(lookup: Lookup, one: Named, viewer: Viewer) -> bool:
    """Whether this record may be seen."""
    if viewer.customers is None:
        return True
    known = lookup.in_force()
    if one.kind in tuple(PersonKind):
        person = known.directory.person(PersonKind(one.kind), one.id)
        return person is not None and may_see_person(person, viewer)
    if one.kind == "customer":
        return viewer.may_see(one.id)
    if one.kind == "contract":
        contract = known.directory.contract(one.id)
        return contract is not None and may_see_contract(contract, viewer)
    names = known.attachments.contracts_of(ObjectKind(one.kind), one.id)
    contracts = (known.directory.contract(name) for name in names)
    return any(contract is not None and may_see_contract(contract, viewer) for contract in contracts)


def may_see_person(person: Person, viewer: Viewer) -> bool:
    """Whether they are of a customer that may be seen. Collaborators are of none: for those alone who see all."""
    return viewer.customers is None or person.customer in viewer.customers


def may_see_contract(contract: Contract, viewer: Viewer) -> bool:
    """Whether its client may be seen: beneficiaries see tickets, and not everybody who is on the contract."""
    return viewer.customers is None or contract.client in viewer.customers


def person_of(
    lookup: Lookup, history: History, ref: PersonRef, viewer: Viewer, now: datetime, before: int | None = None
) -> PersonPage | None:
    """The page; None where there is nobody, or nobody who may be seen."""
    known = lookup.in_force()
    person = known.directory.person(ref.kind, ref.id)
    if person is None or not may_see_person(person, viewer):
        return None
    decisions, after = _decisions(history, ref, viewer, before)
    sees = viewer.sees_people
    return PersonPage(
        ref,
        person.name if sees else None,
        person.customer,
        person,
        person.modes if sees else None,
        lookup.suppressions(person, now) if sees else (),
        [one for one in known.attachments.objects_of(ref) if _may_see_object(lookup, one, viewer)],
        answer_of(lookup, ref, viewer, now),
        decisions,
        after,
    )


def answer_of(lookup: Lookup, ref: PersonRef, viewer: Viewer, now: datetime) -> Answer:
    """One answer over all contracts that may be seen."""
    known = lookup.in_force()
    contracts = [known.directory.contract(one) for one in known.attachments.contracts_to(ref)]
    seen = [one for one in contracts if one is not None and may_see_contract(one, viewer)]
    return Answer([_way(lookup, one, ref, now) for one in seen[:CONTRACTS]], max(0, len(seen) - CONTRACTS))


def decisions_about(
    lookup: Lookup, history: History, ref: PersonRef, viewer: Viewer, most: int
) -> Iterator[Decided] | None:
    """All that was decided about them, up to so many, the newest first; None where they may not be seen."""
    person = lookup.in_force().directory.person(ref.kind, ref.id)
    if person is None or not may_see_person(person, viewer):
        return None
    return islice(_every_decision(history, ref, viewer), most)


def _every_decision(history: History, ref: PersonRef, viewer: Viewer) -> Iterator[Decided]:
    before: int | None = None
    while True:
        found, before = _decisions(history, ref, viewer, before)
        yield from found
        if before is None:
            return


def _way(lookup: Lookup, contract: Contract, ref: PersonRef, now: datetime) -> Way:
    reach = lookup.reach(contract, now, {ref})
    told = [category for category in Category if (ref, category) in reach.told]
    return Way(contract.id, contract.reference, told, reach.stopped, reach.as_a_whole)


def _decisions(
    history: History, ref: PersonRef, viewer: Viewer, before: int | None
) -> tuple[Sequence[Decided], int | None]:
    """A page of what was decided about them, the newest first, and the place behind which it goes on."""
    found: list[Decided] = []
    looked_at = 0
    while page := history.decisions(Choice(person=ref), DECISIONS, before):
        for kept in page:
            if len(found) == DECISIONS or looked_at == MOST_LOOKED_AT:
                return found, before
            looked_at, before = looked_at + 1, kept.place
            if viewer.may_see(kept.decision.customer):
                found.append(_decided(kept, ref))
        if len(page) < DECISIONS:
            return found, None
    return found, None


def _decided(kept: KeptDecision, ref: PersonRef) -> Decided:
    told = dict.fromkeys(one.trigger for one in kept.decision.jobs if one.person == ref)
    alike: dict[tuple[object, ...], tuple[Skip, list[Category]]] = {}
    for skip in kept.decision.skipped:
        if skip.person == ref:
            # What `no_rule` and its like say names the category: those are not alike.
            key = (skip.reason, skip.trigger, skip.channel, skip.category if skip.reason in _OF_CATEGORY else None)
            of_them = alike.setdefault(key, (skip, []))[1]
            of_them += [] if skip.category is None else [skip.category]
    return Decided(kept, [*told], [*alike.values()])


def _may_see_object(lookup: Lookup, one: Object, viewer: Viewer) -> bool:
    kind, name = one
    return may_see_named(lookup, Named(kind.value, name, None), viewer)
