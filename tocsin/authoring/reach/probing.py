"""Made-up saves that raise every trigger. Whoever is reached by none of them, through `decide` itself, never will."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Final

from msgspec.structs import replace

from engine.decide import Decision, decide_all
from engine.directory.directory import Directory
from engine.directory.records import Contract
from engine.rulebook.rulebook import Rulebook
from engine.stages.s4_rule_matching import Answer, Question
from schemas.event import Actor, Event, Ticket
from schemas.vocabulary import ObjectKind, Origin, Trigger

_TICKET: Final = Ticket(
    id="probe",
    contract=None,
    customer=None,
    title="",
    external_description="described",
    status=None,
    resolution_marked=True,
    closed_for_customer=True,
)


class AnyCondition:
    """A RuleMatcher that takes every condition for true, or for false, so that it does not matter what tickets say."""

    def __init__(self, *, holds: bool) -> None:
        self._holds = holds

    def match(self, questions: Sequence[Question]) -> list[Answer]:
        """See RuleMatcher."""
        return [
            frozenset(
                rule.position
                for rule in question.ruleset.rules
                if rule.category.audience is question.audience
                and question.trigger in rule.triggers
                and (self._holds or rule.condition is None)
            )
            for question in questions
        ]


def probe(contract: Contract, directory: Directory, rulebook: Rulebook, now: datetime) -> list[Decision]:
    """The decisions about made-up tickets of a contract: of each of its customers, naming each object if need be."""
    return decisions(_tickets(contract, rulebook), directory, rulebook, now)


def decisions(tickets: Iterable[Ticket], directory: Directory, rulebook: Rulebook, now: datetime) -> list[Decision]:
    """The decisions about these tickets, all triggers raised, whatever the conditions of rules say."""
    cases = [(_event(ticket, now), now) for ticket in tickets]
    return [one for matcher in matchers(rulebook) for one in decide_all(cases, directory, rulebook, matcher)]


def made_up_ticket(contract: str, customer: str | None, **named: str) -> Ticket:
    """A ticket that could raise every trigger; `named` are its product, site and service."""
    return replace(_TICKET, contract=contract, customer=customer, **named)


def matchers(rulebook: Rulebook) -> list[AnyCondition]:
    """A matcher whose conditions hold; and one whose conditions do not, where a rule may take another's place."""
    # A rule that takes another's place may bring less: so both are tried, with it and without it.
    replacing = any(rule.instead_of is not None and rule.condition is not None for rule in rulebook.rules)
    return [AnyCondition(holds=True), AnyCondition(holds=False)] if replacing else [AnyCondition(holds=True)]


def _tickets(contract: Contract, rulebook: Rulebook) -> Iterator[Ticket]:
    customers = tuple(dict.fromkeys((contract.client, *contract.attached_ids(ObjectKind.CUSTOMER))))
    yield from (made_up_ticket(contract.id, customer) for customer in customers)
    # Where a ticket that names no object reaches nobody, each object is named once.
    for kind in {category.object_kind for category in rulebook.policy.nobody_when_unnamed}:
        for one in contract.attached_ids(kind):
            yield from (made_up_ticket(contract.id, customer, **{kind.value: one}) for customer in customers)


def _event(ticket: Ticket, now: datetime) -> Event:
    return Event(
        id="probe",
        source="/probe",
        time=now,
        ticket=ticket,
        previous=None,
        declared=frozenset(Trigger),
        actor=Actor(),
        origin=Origin.USER,
        notify=True,
    )
