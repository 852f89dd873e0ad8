"""Changes summed up, in memory that does not grow with the number of events."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable
from typing import Final

from msgspec import Struct

from schemas.event import Event
from tocsin.authoring.diff.changes import Change, ChangeKind
from tocsin.authoring.explain.one_way import Cause

MOST_KEYS: Final = 10_000
"""Contracts that are counted each for itself; those that come later are counted together."""
MOST_PEOPLE: Final = 100_000
"""People that are told apart; beyond, their number is `at least`."""
OTHERS: Final = "(others)"


class Example(Struct, frozen=True):
    """A change, and the event that it was seen on.

    `cause` is why there was no message before, or is none now; None where nothing attaches the person.
    """

    event: str
    ticket: str
    contract: str
    change: Change
    cause: Cause | None


class KindTally(Struct):
    """All changes of one kind. A message that several rules brought counts for each of them."""

    messages: int
    people: set[Hashable]
    rules: Counter[str]
    contracts: Counter[str]
    examples: list[Example]


class Tally:
    """Counts changes, and keeps the first `examples` of each kind, each of another person."""

    def __init__(self, examples: int) -> None:
        self._examples = examples
        self.events = 0
        self.refused = 0
        self.changed_events = 0
        self.kinds: dict[ChangeKind, KindTally] = {}
        self.unmatched: tuple[list[str], list[str]] = ([], [])
        """The rules of the old file, and of the new one, that matched none of the events."""

    @property
    def is_changed(self) -> bool:
        """Whether anything differs."""
        return self.changed_events > 0

    def refuse(self) -> None:
        """Count an event that can't be read."""
        self.refused += 1

    def add(self, event: Event, found: Iterable[Change], cause: Callable[[Change], Cause | None]) -> None:
        """Count an event, and what differs about it. `cause` is asked of examples alone: it costs a decision."""
        self.events += 1
        changed = False
        for change in found:
            changed = True
            self._add(event, change, cause)
        self.changed_events += changed

    def _add(self, event: Event, change: Change, cause: Callable[[Change], Cause | None]) -> None:
        kind = self.kinds.setdefault(change.kind, KindTally(0, set(), Counter(), Counter(), []))
        contract = event.ticket.contract or ""
        kind.messages += 1
        kind.rules.update(change.rules)
        # Once there are many contracts, those that are new are counted together: memory is bounded.
        kind.contracts[contract if contract in kind.contracts or len(kind.contracts) < MOST_KEYS else OTHERS] += 1
        is_new = change.person not in kind.people
        if is_new and len(kind.people) < MOST_PEOPLE:
            kind.people.add(change.person)
        if is_new and len(kind.examples) < self._examples:
            ticket = event.ticket.reference or event.ticket.id
            kind.examples.append(Example(event.id, ticket, contract, change, cause(change)))
