"""Tickets, people and customers by the names that the ledger knows: those that stand in their newest jobs."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Final

from engine.directory.records import Customer, Mode, Person
from schemas.job import Job, PersonRef
from schemas.vocabulary import PersonKind
from sender.ledger.jobs import JobListing
from sender.privacy.naming import FORGOTTEN
from sender.records import Selection, Subject, subject_of
from tocsin.authoring.finding import plain

AT_ONCE: Final = 500


class LedgerNames:
    """What people call those whom a ledger's jobs are about. A ledger has jobs of some days or weeks."""

    def __init__(self, ledger: JobListing) -> None:
        self._ledger = ledger

    def tickets(self, text: str) -> list[str]:
        """The ids of the tickets that a text may mean: by id, else by the reference in their newest job."""
        if self._ledger.list(Selection(ticket=text), 1):
            return [text]
        name = plain(text)
        return [job.ticket for job in self._newest_of_tickets if name and plain(job.context.ticket.reference) == name]

    def people(self, text: str) -> list[Person]:
        """Those of this id or mailbox; where there is nobody, everyone, to be looked through for a name."""
        refs = {PersonRef(kind, text) for kind in PersonKind} | {*self._ledger.people_at(text)}
        found = [_person(job, text) for ref in sorted(refs) for job in self._newest_for(ref)]
        return found or [_person(job, job.address) for job in self._newest_of_people if job.address != FORGOTTEN]

    @cached_property
    def customers(self) -> list[Customer]:
        """The customers of all tickets."""
        found = {job.customer: job.context.customer_name for job in self._newest_of_tickets if job.customer}
        return [Customer(customer, name, (), ()) for customer, name in found.items()]

    @cached_property
    def _newest_of_tickets(self) -> list[Job]:
        return [*self._newest(Subject.TICKET)]

    @cached_property
    def _newest_of_people(self) -> list[Job]:
        return [*self._newest(Subject.PERSON)]

    def _newest(self, subject: Subject) -> Iterator[Job]:
        after = ""
        while page := self._ledger.newest_of_each(subject, AT_ONCE, after):
            yield from page
            after = subject_of(page[-1], subject)

    def _newest_for(self, ref: PersonRef) -> list[Job]:
        return [listed.entry.job for listed in self._ledger.list(Selection(person=ref), 1)]


def _person(job: Job, address: str) -> Person:
    """The person of a job, with the address by which they were found: their newest job may have another one."""
    modes = (Mode(job.channel, address, True),)
    return Person(job.person.kind, job.person.id, job.context.person_name, None, None, modes, 0)
