"""Stage 2: whether the event may alert anybody. Each gate returns a reason, or None where it is open."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from engine.directory.directory import Directory
from engine.directory.records import Contract
from engine.rulebook.rulebook import Policy
from schemas.event import Event
from schemas.vocabulary import SILENT_ORIGINS, Reason, Trigger


class Candidate(Struct, frozen=True):
    """An event with its triggers and, where the ticket names one and the directory knows it, its contract.

    `is_unreadable`: the contract's record is there, and can't be read.
    """

    event: Event
    now: datetime
    triggers: tuple[Trigger, ...]
    contract: Contract | None
    is_unreadable: bool
    policy: Policy


def candidate(
    event: Event, now: datetime, triggers: tuple[Trigger, ...], directory: Directory, policy: Policy
) -> Candidate:
    """The event beside its contract's record."""
    contract_id = event.ticket.contract
    contract = None if contract_id is None else directory.contract(contract_id)
    is_unreadable = contract is None and contract_id is not None and directory.is_unreadable("contract", contract_id)
    return Candidate(event, now, triggers, contract, is_unreadable, policy)


def closed_event_gate(asked: Candidate) -> Reason | None:
    """The reason of the first gate that is closed; None where the event may alert."""
    for gate in EVENT_GATES:
        reason = gate(asked)
        if reason is not None:
            return reason
    return None


def has_trigger(asked: Candidate) -> Reason | None:
    """The save means something."""
    return None if asked.triggers else Reason.NO_TRIGGER


def may_notify(asked: Candidate) -> Reason | None:
    """The platform did not forbid it."""
    return Reason.NOTIFY_OFF if asked.event.notify is False else None


def comes_from_work(asked: Candidate) -> Reason | None:
    """The save is no import, merge, test or automatic answer."""
    return Reason.ORIGIN if asked.event.origin in SILENT_ORIGINS else None


def is_recent(asked: Candidate) -> Reason | None:
    """The event is not older than the limit; one from the future is not."""
    return Reason.STALE if asked.now - asked.event.time > asked.policy.stale_after else None


def names_contract(asked: Candidate) -> Reason | None:
    """The ticket has a contract."""
    return Reason.NO_CONTRACT if asked.event.ticket.contract is None else None


def contract_is_known(asked: Candidate) -> Reason | None:
    """The directory has the contract, and it can be read."""
    if asked.contract is not None:
        return None
    return Reason.UNREADABLE_RECORD if asked.is_unreadable else Reason.UNKNOWN_CONTRACT


def is_commitment(asked: Candidate) -> Reason | None:
    """The contract is one of commitment."""
    return None if asked.contract is not None and asked.contract.is_commitment else Reason.NOT_COMMITMENT


def alerts_are_enabled(asked: Candidate) -> Reason | None:
    """Alerts are enabled on the contract."""
    return None if asked.contract is not None and asked.contract.alerts_enabled else Reason.ALERTS_DISABLED


def is_in_force(asked: Candidate) -> Reason | None:
    """The contract is active, and the ticket was created on one of its days (in UTC, both ends included)."""
    created = asked.event.ticket.created_at or asked.event.time
    return None if asked.contract is not None and asked.contract.is_in_force(created) else Reason.NOT_IN_FORCE


EVENT_GATES = (
    has_trigger,
    may_notify,
    comes_from_work,
    is_recent,
    names_contract,
    contract_is_known,
    is_commitment,
    alerts_are_enabled,
    is_in_force,
)
