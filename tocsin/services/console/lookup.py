"""Answers about people and objects by what is in force: with the functions behind `coverage` and `explain`."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import datetime
from typing import Final

from console.screens.attachments import KINDS, Attachments, in_category
from console.screens.lookup import Gap, Gate, InForce, Named, NotReadError, Reach
from engine.decide import Decision
from engine.directory.directory import Directory
from engine.directory.records import Attached, Contract, Person
from engine.ports import DirectorySource
from engine.rulebook.rulebook import Rulebook
from schemas.decision import Skip
from schemas.job import PersonRef
from schemas.vocabulary import Category, ObjectKind, Trigger
from tocsin.authoring.explain.case import Case
from tocsin.authoring.explain.reasons import in_words
from tocsin.authoring.finding import contracts_called, first_found, people_called, plain
from tocsin.authoring.reach.contracts import contract_gaps
from tocsin.authoring.reach.probing import probe

MOST_WORDS: Final = 500
"""Gates that are put into words for one contract."""

MOST_NAMED: Final = 200


class LookupInForce:
    """A Lookup, once it is opened. Threads may share it; they take turns."""

    def __init__(self) -> None:
        self._turn = threading.RLock()
        self._source: tuple[DirectorySource, Callable[[], Rulebook]] | None = None
        self._indexed: tuple[Directory, Attachments] | None = None

    def open(self, directory: DirectorySource, rulebook: Callable[[], Rulebook]) -> None:
        """From now on, answers are given by these. The directory is for this alone."""
        with self._turn:
            self._source = directory, rulebook

    def in_force(self) -> InForce:
        """See Lookup."""
        with self._turn:
            if self._source is None:
                raise NotReadError("the directory is being read")
            source, rulebook = self._source
            directory = source.current()
            if self._indexed is None or self._indexed[0] is not directory:
                self._indexed = directory, Attachments(directory)
            return InForce(directory, rulebook(), self._indexed[1])

    def named(self, text: str) -> Sequence[Named]:
        """See Lookup."""
        with self._turn:
            directory = self.in_force().directory
            return [*_people(text, directory), *_objects(text, directory)][:MOST_NAMED]

    def reach(self, contract: Contract, now: datetime, about: Collection[PersonRef] | None = None) -> Reach:
        """See Lookup."""
        with self._turn:
            known = self.in_force()
            decisions = probe(contract, known.directory, known.rulebook, now)
            if decisions[0].reason is not None:
                return Reach(frozenset(), [], _gate(decisions[0].skipped[0], decisions[0], known))
            # A message has the categories of others too who read its mailbox.
            told = {
                (job.person, category)
                for one in decisions
                for job in one.jobs
                for category in job.categories
                if known.attachments.is_in(job.person, category, contract)
            }
            ends = _furthest(decisions)
            told |= {one for one in _ticked(contract, known.directory) if one not in ends}
            stopped = [
                (skip, decision)
                for (person, category), (skip, decision) in ends.items()
                if (person, category) not in told and (about is None or person in about)
            ]
            return Reach(frozenset(told), [_gate(skip, decision, known) for skip, decision in stopped[:MOST_WORDS]])

    def gaps(self, contract: Contract, now: datetime) -> Sequence[Gap]:
        """See Lookup."""
        with self._turn:
            known = self.in_force()
            found = contract_gaps(contract, known.directory, known.rulebook, now)
            return [Gap(one.record, one.why, one.change) for one in found]

    def suppressions(self, person: Person, now: datetime) -> Sequence[str]:
        """See Lookup."""
        with self._turn:
            directory = self.in_force().directory
            standing = (
                one.id
                for mode in person.modes
                for trigger in Trigger
                for one in directory.standing(person, mode.channel, mode.address, trigger, now)
            )
            return [*dict.fromkeys(standing)]


def _ticked(contract: Contract, directory: Directory) -> Iterator[tuple[PersonRef, Category]]:
    """Everybody in a ticked category: whoever has no entry there reads the mailbox of somebody who is told."""
    for category in Category:
        if category.bit & contract.ticks:
            yield from ((person, category) for person in in_category(category, contract, directory))


def _furthest(decisions: Sequence[Decision]) -> dict[tuple[PersonRef, Category], tuple[Skip, Decision]]:
    """The furthest gate of each person in each category, over all tickets that were made up."""
    found: dict[tuple[PersonRef, Category], tuple[Skip, Decision]] = {}
    for decision in decisions:
        for skip in decision.skipped:
            if skip.person is None or skip.category is None:
                continue
            known = found.get((skip.person, skip.category))
            if known is None or known[0].reason.depth < skip.reason.depth:
                found[skip.person, skip.category] = skip, decision
    return found


def _gate(skip: Skip, decision: Decision, known: InForce) -> Gate:
    words = in_words(Case(skip, decision, known.directory, known.rulebook))
    return Gate(skip, words.why, words.record, words.field, words.change)


def _people(text: str, directory: Directory) -> Iterator[Named]:
    for one in people_called(text, [*directory.people()]):
        yield Named(one.kind.value, one.id, one.name, one.customer)


def _objects(text: str, directory: Directory) -> Iterator[Named]:
    for contract in contracts_called(text, directory):
        yield Named(ObjectKind.CONTRACT.value, contract.id, contract.reference, contract.client)
    wanted, known = plain(text), directory.ids()
    for kind in KINDS:
        records = [one for one in (directory.attached(kind, name) for name in sorted(known[kind.value])) if one]
        ways: Sequence[Callable[[Attached], bool]] = (
            lambda one: one.id == text,
            lambda one: one.name is not None and plain(one.name) == wanted,
            lambda one: one.name is not None and set(wanted.split()) <= set(plain(one.name).split()),
        )
        for one in first_found(ways, records) if wanted else ():
            yield Named(kind.value, one.id, one.name, one.id if kind is ObjectKind.CUSTOMER else None)
