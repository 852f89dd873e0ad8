"""Records found as people call them: by id, by reference, by name, by e-mail address or number."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from engine.directory.directory import Directory
from engine.directory.records import Contract, Customer, Person
from schemas.job import PersonRef
from schemas.mailbox import mailbox
from schemas.vocabulary import PersonKind

Found = TypeVar("Found")


def ref_in(text: str) -> PersonRef | None:
    """The person that is written as `contact/ct-1` or `collaborator/co-1`; None where the text has another form."""
    kind, slash, person_id = text.partition("/")
    if not slash or not person_id or kind not in tuple(PersonKind):
        return None
    return PersonRef(PersonKind(kind), person_id)


def people_called(text: str, people: Iterable[Person]) -> list[Person]:
    """Everyone whom a text may mean: by id, else by an address of theirs, else by name, else by a part of the name.

    Capitals, accents and blanks around do not count in names. A contact and a collaborator may share an id.
    """
    everyone = [*people]
    return people_certainly_called(text, everyone) or people_partly_called(text, everyone)


def people_certainly_called(text: str, people: Iterable[Person]) -> list[Person]:
    """The same, but not by a part of a name: for what is not to be done to somebody else of that name."""
    wanted, name = mailbox(text), plain(text)
    ways: tuple[Callable[[Person], bool], ...] = (
        lambda one: one.id == text,
        lambda one: any(mailbox(mode.address) == wanted for mode in one.modes),
        lambda one: _is_called(one.name, name),
    )
    return first_found(ways, [*people]) if name else []


def people_partly_called(text: str, people: Iterable[Person]) -> list[Person]:
    """Everyone of whose name each word of the text is a part."""
    words = set(plain(text).split())
    return [one for one in people if words and one.name is not None and words <= set(plain(one.name).split())]


def customers_called(text: str, customers: Iterable[Customer]) -> list[Customer]:
    """The customers that a text may mean: by id, else by name."""
    name = plain(text)
    ways: tuple[Callable[[Customer], bool], ...] = (lambda one: one.id == text, lambda one: _is_called(one.name, name))
    return first_found(ways, [*customers]) if name else []


def contracts_called(text: str, directory: Directory) -> list[Contract]:
    """The contracts that a text may mean: by id, else by reference, else by their client's id or name."""
    found = directory.contract(text)
    if found is not None:
        return [found]
    name = plain(text)
    clients = {one.id for one in directory.customers() if text == one.id or _is_called(one.name, name)}
    ways: tuple[Callable[[Contract], bool], ...] = (
        lambda one: _is_called(one.reference, name),
        lambda one: one.client in clients,
    )
    return first_found(ways, [*directory.contracts()]) if name else []


def first_found(ways: Iterable[Callable[[Found], bool]], records: list[Found]) -> list[Found]:
    """The records that are meant by the first way of calling them by which any is meant."""
    return next(filter(None, ([one for one in records if is_meant(one)] for is_meant in ways)), [])


def _is_called(called: str | None, name: str) -> bool:
    return called is not None and plain(called) == name


def plain(text: str) -> str:
    """A name without what people leave out: capitals, accents, blanks around and between."""
    letters = unicodedata.normalize("NFKD", text)
    return " ".join("".join(one for one in letters if not unicodedata.combining(one)).casefold().split())


def ref_of(person: Person) -> PersonRef:
    """The person, as decisions name them."""
    return PersonRef(person.kind, person.id)


def shown_person(person: Person) -> Iterator[str]:
    """A person in a list of several: how to name them, and what tells them from the others."""
    yield f"{person.kind}/{person.id}"
    if person.name:
        yield person.name
    if person.customer:
        yield f"of {person.customer}"


def shown_customer(customer: Customer) -> Iterator[str]:
    """A customer in a list of several."""
    yield customer.id
    if customer.name:
        yield customer.name


def shown_contract(contract: Contract) -> Iterator[str]:
    """A contract in a list of several."""
    yield contract.id
    if contract.reference:
        yield contract.reference
    if contract.client:
        yield f"of {contract.client}"
