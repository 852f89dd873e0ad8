"""Whom and what the command line names: found by id, reference, name or address; several are listed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final, NoReturn, TypeVar

from engine.directory.directory import Directory
from engine.directory.records import Contract, Person
from schemas.job import PersonRef
from schemas.suggestion import respelled
from tocsin.authoring.finding import contracts_called, people_called, ref_in, ref_of, shown_contract, shown_person
from tocsin.cli.console import FOUND_FAULTS, stop
from tocsin.printing.printable import LINE, printable

MOST_LISTED: Final = 20
HOW_PEOPLE: Final = "name a person by id (contact/ct-1), by name, or by e-mail address"

Found = TypeVar("Found")


def person_named(text: str, directory: Directory) -> PersonRef:
    """The person whom a text names: `contact/ct-1` (in the directory or not), an id, a name, an e-mail address.

    Ends the command where nobody is meant, or several are.
    """
    return ref_in(text) or ref_of(known_person(text, directory))


def known_person(text: str, directory: Directory) -> Person:
    """The same, of people who are in the directory."""
    ref = ref_in(text)
    person = None if ref is None else directory.person(ref.kind, ref.id)
    found = person or the_one(text, "people", people_called(text, directory.people()), shown_person)
    if found is None:
        nobody(f"the directory has nobody who is called {text!r}", text, directory.people())
    return found


def contract_named(text: str, directory: Directory) -> Contract:
    """The contract that a text names: by id, by reference, or by its client. Ends the command where it is not one."""
    found = the_one(text, "contracts", contracts_called(text, directory), shown_contract)
    if found is None:
        alike = respelled(text, (one.id for one in directory.contracts()))
        advice = alike or "name it by its id, its reference, or its client"
        stop(f"the directory has no contract {text!r}: {advice}", FOUND_FAULTS)
    return found


def the_one(
    text: str, what: str, found: Sequence[Found], shown: Callable[[Found], Iterable[str]] = lambda one: [str(one)]
) -> Found | None:
    """The only one that a text may mean; None where there is none. Ends the command with a list where it is several."""
    if len(found) > 1:
        stop_with_list(f"{text!r} may be any of {len(found)} {what}; name one by its id:", found, shown)
    return found[0] if found else None


def stop_with_list(head: str, found: Sequence[Found], shown: Callable[[Found], Iterable[str]]) -> NoReturn:
    """End the command, and list those among whom only a person can choose."""
    # A name may have line breaks, and then looks like a line of ours.
    lines = [head, *(f"  {printable(', '.join(shown(one)), LINE)}" for one in found[:MOST_LISTED])]
    more = len(found) - MOST_LISTED
    stop("\n".join([*lines, *([f"  and {more} more"] if more > 0 else [])]), FOUND_FAULTS)


def nobody(said: str, text: str, people: Iterable[Person]) -> NoReturn:
    """End the command: nobody of these people is called so."""
    alike = respelled(text, (str(ref_of(one)) for one in people))
    stop(f"{said}: {alike or HOW_PEOPLE}", FOUND_FAULTS)
