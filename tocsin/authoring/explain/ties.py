"""Somebody whom an event does not concern: what attaches them to the contract, and what the ticket names instead."""

from __future__ import annotations

from collections.abc import Iterator

from engine.decide import Decision
from engine.directory.directory import Directory
from engine.directory.records import Contract
from schemas.job import PersonRef
from schemas.vocabulary import Audience, ObjectKind


def not_concerned(person: PersonRef, decision: Decision, directory: Directory) -> str:
    """Why nothing is decided about the person: what they are attached to, and what the ticket names instead."""
    contract = directory.contract(decision.event.ticket.contract or "")
    ties = [] if contract is None else [*_ties(person, contract, directory)]
    if not ties:
        return "is not attached to anything that this ticket and its contract name"
    told = [f"{kind}/{one}, {_instead(kind, decision)}" for kind, one in ties]
    return f"is attached to {'; to '.join(told)}"


def _instead(kind: ObjectKind, decision: Decision) -> str:
    named = getattr(decision.event.ticket, kind.value)
    if kind is ObjectKind.CUSTOMER:
        whose = "names no customer" if named is None else f"is of {named}"
        return f"which has a part in the contract and is not its client, and the ticket {whose}"
    if named is None:
        return f"and the ticket names no {kind} (the rule file tells nobody then: settings.when_unnamed)"
    return f"and the ticket names the {kind} {named}"


def _ties(person: PersonRef, contract: Contract, directory: Directory) -> Iterator[tuple[ObjectKind, str]]:
    """The contract's objects to which the person is attached."""
    for kind in (one for one in ObjectKind if one is not ObjectKind.CONTRACT):
        for one in contract.attached_ids(kind):
            record = directory.attached(kind, one)
            if record is not None and person.id in _of_audience(record, person.kind.audience):
                yield kind, one


def _of_audience(record: object, audience: Audience) -> tuple[str, ...]:
    people: tuple[str, ...] = getattr(record, audience.value)
    return people
