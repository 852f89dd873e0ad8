"""Whom and what the command line names: found by id, reference, name or address; several are listed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, NoReturn

from engine.directory.directory import Directory
from engine.directory.records import Contract, Person
from schemas.job import PersonRef
from schemas.suggestion import respelled
from tocsin.authoring.finding import contracts_called, people_called, ref_in, shown_contract, shown_person
from tocsin.cli.console import FOUND_FAULTS, stop

MOST_LISTED: Final = 20


def person_named(text: str, directory: Directory) -> PersonRef:
    """The person whom a text names: `contact/ct-1` (in the directory or not), an id, a name, an e-mail address.

    Ends the command where nobody is meant, or several are.
    """
    return ref_in(text) or ref_of(known_person(text, directory))


def known_person(text: str, directory: Directory) -> Person:
    """The same, of people who are in the directory."""
    ref = ref_in(text)
    person = None if ref is None else directory.person(ref.kind, ref.id)
    if person is not None:
        return person
    found = people_called(text, directory.people())
    if not found:
        alike = respelled(text, (f"{one.kind}/{one.id}" for one in directory.people()))
        advice = alike or "name a person by id (contact/ct-1), by name, or by e-mail address"
        stop(f"the directory has nobody who is called {text!r}: {advice}", FOUND_FAULTS)
    if len(found) > 1:
        _several(text, "people", map(shown_person, found), len(found))
    return found[0]


def ref_of(person: Person) -> PersonRef:
    """The person, as decisions name them."""
    return PersonRef(person.kind, person.id)


def contract_named(text: str, directory: Directory) -> Contract:
    """The contract that a text names: by id, by reference, or by its client. Ends the command where it is not one."""
    found = contracts_called(text, directory)
    if not found:
        alike = respelled(text, (one.id for one in directory.contracts()))
        advice = alike or "name it by its id, its reference, or its client"
        stop(f"the directory has no contract {text!r}: {advice}", FOUND_FAULTS)
    if len(found) > 1:
        _several(text, "contracts", map(shown_contract, found), len(found))
    return found[0]


def _several(text: str, what: str, shown: Iterable[Iterator[str]], number: int) -> NoReturn:
    lines = [f"{text!r} may be any of {number} {what}; name one by its id:"]
    lines += [f"  {', '.join(one)}" for one, _ in zip(shown, range(MOST_LISTED), strict=False)]
    stop("\n".join(lines + ([f"  and {number - MOST_LISTED} more"] if number > MOST_LISTED else [])), FOUND_FAULTS)
