"""The job that a person would get of an event, written by the stage that writes every job, whatever the gates say."""

from __future__ import annotations

from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from engine.decide import Decision
from engine.directory import compact
from engine.directory.directory import Directory
from engine.directory.records import Contract, Person
from engine.rulebook.rulebook import Rulebook
from engine.scope import Scope
from engine.stages.s6_merging import Line, Message
from engine.stages.s7_job_writing import write_jobs
from schemas.directory import ContractRecord
from schemas.job import Job, PersonRef
from schemas.vocabulary import Channel, Trigger


class Reader(Struct, frozen=True):
    """For whom a message is rendered: the person, and the message that the decision has for them, if there is one."""

    person: Person
    job: Job | None

    @property
    def ref(self) -> PersonRef:
        """The person by kind and id."""
        return PersonRef(self.person.kind, self.person.id)


def reader_of(decision: Decision, person: Person) -> Reader:
    """The person beside their message: the one by e-mail, where there are several."""
    jobs = [job for job in decision.jobs if job.person == PersonRef(person.kind, person.id)]
    return Reader(person, min(jobs, key=lambda job: job.channel is not Channel.EMAIL, default=None))


def trigger_of(decision: Decision, reader: Reader) -> Trigger:
    """What the message is about: what the decision says, else the most telling that the save raised."""
    if reader.job is not None:
        return reader.job.trigger
    return next(iter(decision.triggers), Trigger.OPENED)


class Shown(Struct, frozen=True):
    """What is previewed: a message about this trigger, on this channel, in this language (None: as it is sent)."""

    trigger: Trigger
    channel: Channel = Channel.EMAIL
    language: str | None = None


_ADDRESSES: Final = {
    Channel.EMAIL: "someone@preview.example",
    Channel.FAX: "+33123456789",
    Channel.SMS: "+33612345678",
    Channel.CHAT: "#preview",
}
"""Addresses for people who have none on the channel."""


def preview_job(decision: Decision, reader: Reader, shown: Shown, directory: Directory, rulebook: Rulebook) -> Job:
    """The job for this message."""
    trigger, channel, language = shown.trigger, shown.channel, shown.language
    event, person = decision.event, reader.person
    contract = _contract(event.ticket.contract, event.ticket.customer, directory)
    customer_id = event.ticket.customer or contract.client
    # A trigger that the save did not raise can be previewed: the message is written as if it had.
    triggers = decision.triggers if trigger in decision.triggers else (trigger, *decision.triggers)
    customer = directory.customer(customer_id)
    scope = Scope(event, decision.now, triggers, contract, customer_id, customer, directory, rulebook)
    names = reader.job.rules if reader.job is not None else []
    record, rules = person, [rule for rule in rulebook.rules if rule.name in names]
    if language is not None:
        # Alone, whatever the person's record and the rules say.
        record = replace(person, language=language, languages=())
        rules = [replace(rule, languages=None) for rule in rules]
    # Active or not, since nothing is sent.
    address = next((mode.address for mode in person.modes if mode.channel is channel), _ADDRESSES[channel])
    line = Line(trigger, record, rules, rules)
    [job] = write_jobs(scope, [Message(reader.ref, channel, address, line, None, [], rules)])
    return job


def _contract(contract_id: str | None, customer: str | None, directory: Directory) -> Contract:
    """The ticket's contract, or where there is none, one that says nothing."""
    known = None if contract_id is None else directory.contract(contract_id)
    if known is not None:
        return known
    made, _ = compact.contract(ContractRecord(id=contract_id or "none", client=customer))
    return made
