"""What came of one or several events in a few lines: who is told, who is not, and for which reasons, by count."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from schemas.decision import Skip
from schemas.job import PersonRef
from schemas.vocabulary import Reason

_MOST_PEOPLE: Final = 8
"""People who are named; of the others there is a number."""

Entry = tuple[Skip, str]
"""An entry of a decision, and its reason in words."""


class Summary:
    """Takes in who is told and who is not. `called` is a person as people read it."""

    def __init__(self, called: Callable[[PersonRef], str]) -> None:
        self._called = called
        self._told: dict[PersonRef, dict[str, int]] = {}
        self._stopped: dict[PersonRef, Entry] = {}
        self._without: dict[Reason, list[Entry]] = {}

    def tell(self, person: PersonRef, what: str) -> None:
        """Somebody gets a message: `opened by email`."""
        messages = self._told.setdefault(person, {})
        messages[what] = messages.get(what, 0) + 1

    def stop(self, skip: Skip, why: str) -> None:
        """Somebody, or an object's people, or everyone, gets none."""
        if skip.person is None:
            self._without.setdefault(skip.reason, []).append((skip, why))
            return
        before = self._stopped.get(skip.person)
        if before is None or before[0].reason.depth < skip.reason.depth:
            self._stopped[skip.person] = (skip, why)

    def lines(self, told: str, not_told: str) -> Iterator[str]:
        """The lines, under these headings."""
        yield f"{told}: {_people(len(self._told))}"
        shown = list(self._told.items())[:_MOST_PEOPLE]
        for person, messages in shown:
            what = ", ".join(f"{one} ({number} times)" if number > 1 else one for one, number in messages.items())
            yield f"  {self._called(person)}: {what}"
        if len(self._told) > len(shown):
            yield f"  and {len(self._told) - len(shown)} more"
        yield from self._reasons(not_told)

    def _reasons(self, heading: str) -> Iterator[str]:
        """Each person counts once, by the furthest gate that they reached; whoever is told of something, not at all."""
        by_reason: dict[Reason, list[tuple[PersonRef, str]]] = {}
        for person, (skip, why) in self._stopped.items():
            if person not in self._told:
                by_reason.setdefault(skip.reason, []).append((person, why))
        number = sum(map(len, by_reason.values()))
        if number:
            yield f"{heading}: {_people(number)}"
        for reason, people in sorted(by_reason.items(), key=lambda item: -len(item[1])):
            person, why = people[0]
            example = "" if len(people) == 1 else "such as "
            yield f"  {len(people)} by {reason}, {example}{self._called(person)}: {why}"
        yield from self._of_nobody()

    def _of_nobody(self) -> Iterator[str]:
        """What stopped before anybody was reached: whole events, and objects."""
        for reason, entries in sorted(self._without.items(), key=lambda item: -len(item[1])):
            skip, why = entries[0]
            of = f"through {skip.category}" if skip.category is not None else "of the whole save"
            often = f" ({len(entries)} times)" if len(entries) > 1 else ""
            yield f"  nobody by {reason}, {of}: {why}{often}"


def _people(number: int) -> str:
    return "nobody" if not number else "1 person" if number == 1 else f"{number} people"
