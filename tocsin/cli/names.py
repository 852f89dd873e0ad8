"""Whom and what a command on the ledger names: by what the ledger and the directory at hand call them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from functools import cached_property
from typing import Final

from msgspec.structs import replace

from engine.directory.directory import Directory
from engine.directory.records import Person
from schemas.job import PersonRef
from schemas.mailbox import mailbox
from schemas.suggestion import respelled
from sender.ledger.jobs import JobListing
from tocsin.authoring.finding import (
    customers_called,
    people_called,
    people_certainly_called,
    people_partly_called,
    ref_in,
    ref_of,
    shown_customer,
    shown_person,
)
from tocsin.cli.console import FOUND_FAULTS, stop, warn
from tocsin.cli.directory_at_hand import directory_at_hand
from tocsin.cli.named_records import nobody, stop_with_list, the_one
from tocsin.cli.parsing import in_utf8
from tocsin.config.settings.declared.kafka import KAFKA
from tocsin.config.settings.declared.processes import DIRECTORY
from tocsin.config.settings.in_force import Settings
from tocsin.operations.jobs.names import LedgerNames

NO_DIRECTORY: Final = f"no directory is at hand that might know more ({DIRECTORY.names}; {KAFKA.names})"


class Names:
    """Finds people, customers and tickets.

    `directory` is asked once, and only where it is needed: on Kafka it is read from its beginning. Who `acts` on what
    is found has to name it whole. Each method ends the command where nobody is meant, or several are.
    """

    def __init__(self, ledger: JobListing, directory: Callable[[], Directory | None], *, acts: bool = False) -> None:
        self._ledger = LedgerNames(ledger)
        self._ask = directory
        self._acts = acts

    @classmethod
    def of(cls, settings: Settings, ledger: JobListing, *, acts: bool = False) -> Names:
        """By this ledger, and by the directory that is at hand by these settings."""
        return cls(ledger, lambda: directory_at_hand(settings), acts=acts)

    def ticket(self, text: str) -> str:
        """A ticket, by id or reference. One of which the ledger has no job is taken as an id."""
        found = the_one(text, "tickets", self._ledger.tickets(in_utf8(text, "--ticket")))
        if found is None:
            warn(f"the ledger has no job about a ticket of this id or reference: {text}")
            return text
        _say_whom(text, found, f"ticket {found}")
        return found

    def reader(self, text: str) -> PersonRef:
        """A person who has jobs: the ledger is enough, where it knows them."""
        ref = _ref(text)
        if ref is not None:
            return ref
        known = self._ledger.people(text)
        return self._one_of(text, known if people_called(text, known) else self._people(text))

    def person(self, text: str) -> PersonRef:
        """A person, of whom there may be no job."""
        return _ref(text) or self._one_of(text, self._people(text))

    def people(self, text: str) -> list[PersonRef]:
        """Everyone who is surely called so; nobody is an answer as well."""
        ref = _ref(text)
        return [ref_of(one) for one in people_certainly_called(text, self._people(text))] if ref is None else [ref]

    def mailboxes(self, ref: PersonRef) -> set[str]:
        """The mailboxes of a person: those of their record, and that of their newest job."""
        known = [one for one in self._ledger.people(ref.id) if ref_of(one) == ref]
        record = None if self._directory is None else self._directory.person(ref.kind, ref.id)
        return {mailbox(mode.address) for one in (*known, record) if one is not None for mode in one.modes}

    def customer(self, text: str, known: Collection[str] = ()) -> str:
        """A customer, by id or name; `known` are ids that need not be looked up.

        Without a directory, one of which the ledger has no job is taken as an id.
        """
        if in_utf8(text, "--customer") in known:
            return text
        if any(one.id == text for one in self._ledger.customers):
            return text
        of_directory = () if self._directory is None else self._directory.customers()
        customers = {one.id: one for one in (*self._ledger.customers, *of_directory)}
        found = the_one(text, "customers", customers_called(text, customers.values()), shown_customer)
        if found is not None:
            _say_whom(text, found.id, f"customer {', '.join(shown_customer(found))}")
            return found.id
        if self._directory is None:
            warn(f"the ledger knows no customer {text!r}, and {NO_DIRECTORY}: it is taken as an id")
            return text
        advice = respelled(text, customers) or "name it by its id or its name"
        return stop(f"neither the ledger nor the directory has a customer {text!r}: {advice}", FOUND_FAULTS)

    @cached_property
    def _directory(self) -> Directory | None:
        return self._ask()

    def _people(self, text: str) -> list[Person]:
        """Those of the ledger and of the directory. Who is in both has the addresses of both."""
        people = {ref_of(one): one for one in self._ledger.people(text)}
        for one in () if self._directory is None else self._directory.people():
            known = people.get(ref_of(one))
            people[ref_of(one)] = one if known is None else replace(one, modes=one.modes + known.modes)
        return [*people.values()]

    def _one_of(self, text: str, people: Sequence[Person]) -> PersonRef:
        called = people_certainly_called if self._acts else people_called
        found = the_one(text, "people", called(text, people), shown_person)
        if found is not None:
            _say_whom(text, found.id, ", ".join(shown_person(found)))
            return ref_of(found)
        partly = people_partly_called(text, people)
        if partly:
            head = f"{text!r} is only a part of a name; name whom you mean by id, or by the whole name:"
            return stop_with_list(head, partly, shown_person)
        if self._directory is None:
            return nobody(f"the ledger has nobody who is called {text!r}, and {NO_DIRECTORY}", text, people)
        return nobody(f"neither the ledger nor the directory has anybody who is called {text!r}", text, people)


def _ref(text: str) -> PersonRef | None:
    return ref_in(in_utf8(text, "--person"))


def _say_whom(text: str, found: str, shown: str) -> None:
    """Tell whom or what a text was taken for, unless it is the id itself."""
    if text != found:
        warn(f"{text!r}: {shown}")
