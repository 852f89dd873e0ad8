"""Why an event as a whole alerts nobody, in words, and what would have to be different."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC
from typing import Any, Final

from engine.directory.directory import Directory
from engine.directory.records import Contract
from schemas.description import is_described
from schemas.event import Ticket
from schemas.vocabulary import Reason, Trigger
from tocsin.authoring.explain.case import Case, Phrasing, Words, adds, event_sets, sets, utc
from tocsin.authoring.explain.changes import EVENT, Change

_OTHER_STATUS: Final = "another-status"
_DESCRIPTION: Final = "what the customer reads"


def _no_trigger(case: Case) -> Words:
    why = "this save neither opens, resolves or closes the ticket nor changes its status (such saves alert nobody)"
    return Words(why, tuple(_other_saves(case)))


def _other_saves(case: Case) -> Iterator[Change]:
    """What the save would have had to be, so that it means something."""
    event, ticket = case.decision.event, case.decision.event.ticket
    if event.declared is not None:
        does = "the save would have to be declared as what it is, such as `status_changed`"
        yield adds(EVENT, ("data", "triggers"), Trigger.STATUS_CHANGED.value, does)
    elif event.previous is not None:
        does = "the save would have to change the status"
        yield event_sets("data.previous.status", _OTHER_STATUS, does)
    elif not is_described(ticket.external_description):
        does = "the ticket would have to be created with a description for the customer"
        yield event_sets("data.ticket.external_description", _DESCRIPTION, does)
    else:
        yield _named_contract(case)
    # Last, since it is rarely meant: mostly such a ticket was closed by an earlier save, which has alerted.
    yield from _ends(case)


def _ends(case: Case) -> Iterator[Change]:
    """Where the ticket is closed or resolved by now: it would have to be this save that did it."""
    event, ticket = case.decision.event, case.decision.event.ticket
    if event.previous is None:
        return
    if ticket.closed_for_customer:
        does = "it would have to be this save that closes the ticket for the customer"
        yield event_sets("data.previous.closed_for_customer", False, does)
    if ticket.resolution_marked:
        does = "it would have to be this save that marks the resolution"
        yield event_sets("data.previous.resolution_marked", False, does)


def _notify_off(case: Case) -> Words:
    does = "the platform would have to leave it out, or send true"
    return Words("the platform forbade alerts for this save", (event_sets("data.notify", True, does),))


def _origin(case: Case) -> Words:
    why = f"the save comes from `{case.decision.event.origin}`, and such saves alert nobody"
    does = "the save would have to come from `user` or `automation`"
    return Words(why, (event_sets("data.origin", "user", does),))


def _stale(case: Case) -> Words:
    event, limit, now = case.decision.event, case.rulebook.policy.stale_after, case.decision.now
    hours = limit.total_seconds() / 3600
    why = (
        f"the event is of {utc(event.time)}, older than {hours:g} hours at {utc(now)} "
        "(settings.stale_after_hours; to look at the past: --now event)"
    )
    does = f"the event would have to be of {utc(now - limit)} or later"
    return Words(why, (event_sets("time", now.isoformat(), does),))


def _no_contract(case: Case) -> Words:
    return Words("the ticket names no contract", (_named_contract(case),))


def _named_contract(case: Case) -> Change:
    found = likely_contract(case.directory, case.decision.event.ticket)
    name = "C-1" if found is None else found.id
    return event_sets("data.ticket.contract", name, f"give the ticket a contract, for example {name}")


def likely_contract(directory: Directory, ticket: Ticket) -> Contract | None:
    """The contract that the ticket should most likely name; None where the directory has none."""

    def fits(contract: Contract) -> tuple[bool, ...]:
        customers = (contract.client, contract.invoiced_client, *contract.beneficiaries)
        is_usable = contract.is_commitment and contract.is_active and contract.alerts_enabled
        return is_usable, ticket.customer in customers, ticket.product in contract.products

    # Tuples compare from the left: a contract that may alert at all comes before one that merely fits.
    return max(directory.contracts(), key=fits, default=None)


def _unknown_contract(case: Case) -> Words:
    record = f"contract/{case.contract_id}"
    owner = case.decision.event.ticket.customer
    fields: dict[str, Any] = {"kind": "contract", "id": case.contract_id, "type": "commitment", "client": owner}
    return Words(f"the directory has no record {record}", (sets(record, (), fields, "load the contract"),))


def _not_commitment(case: Case) -> Words:
    change = sets(f"contract/{case.contract_id}", ("type",), "commitment", "set it to `commitment`")
    return Words("the contract is not of type commitment", (change,))


def _alerts_disabled(case: Case) -> Words:
    change = sets(f"contract/{case.contract_id}", ("alerts_enabled",), True, "set it to true")
    return Words("alerts are disabled on the contract", (change,))


def _not_in_force(case: Case) -> Words:
    record, contract = f"contract/{case.contract_id}", case.contract
    if contract is not None and not contract.is_active:
        return Words("the contract is not active", (sets(record, ("status",), "active", "set it to `active`"),))
    day = (case.decision.event.ticket.created_at or case.decision.event.time).astimezone(UTC).date()
    if contract is not None and contract.valid_from is not None and day < contract.valid_from:
        why = f"the ticket was created on {day}, the contract begins on {contract.valid_from}"
        return Words(why, (sets(record, ("valid_from",), day.isoformat(), f"let it begin on {day} or before"),))
    ended = None if contract is None else contract.valid_to
    why = f"the ticket was created on {day}, the contract ended on {ended}"
    return Words(why, (sets(record, ("valid_to",), day.isoformat(), f"let it end on {day} or later"),))


OF_EVENTS: Final[Phrasing] = {
    Reason.NO_TRIGGER: _no_trigger,
    Reason.NOTIFY_OFF: _notify_off,
    Reason.ORIGIN: _origin,
    Reason.STALE: _stale,
    Reason.NO_CONTRACT: _no_contract,
    Reason.UNKNOWN_CONTRACT: _unknown_contract,
    Reason.NOT_COMMITMENT: _not_commitment,
    Reason.ALERTS_DISABLED: _alerts_disabled,
    Reason.NOT_IN_FORCE: _not_in_force,
}
