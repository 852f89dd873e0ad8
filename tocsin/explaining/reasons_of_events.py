"""Why an event as a whole alerts nobody, in words."""

from __future__ import annotations

from typing import Final

from schemas.vocabulary import Reason
from tocsin.explaining.case import Case, Phrasing, Words, utc


def _no_trigger(case: Case) -> Words:
    why = "this save neither opens, resolves or closes the ticket nor changes its status"
    return Words(why, "the event", "data.previous", "nothing is wrong: such saves alert nobody")


def _notify_off(case: Case) -> Words:
    return Words("the platform forbade alerts for this save", "the event", "data.notify", "leave it out, or send true")


def _origin(case: Case) -> Words:
    origin = case.decision.event.origin
    why = f"the save comes from `{origin}`, and such saves alert nobody"
    return Words(why, "the event", "data.origin", "only `user` and `automation` alert")


def _stale(case: Case) -> Words:
    event, limit = case.decision.event, case.rulebook.policy.stale_after
    hours = limit.total_seconds() / 3600
    why = f"the event is of {utc(event.time)}, older than {hours:g} hours at {utc(case.decision.now)}"
    return Words(
        why, "the rule file", "settings.stale_after_hours", "raise the limit (to look at the past: --now event)"
    )


def _no_contract(case: Case) -> Words:
    return Words("the ticket names no contract", "the event", "data.ticket.contract", "give the ticket a contract")


def _unknown_contract(case: Case) -> Words:
    record = f"contract/{case.contract_id}"
    return Words(f"the directory has no record {record}", record, "(the whole record)", "load the contract")


def _not_commitment(case: Case) -> Words:
    return Words(
        "the contract is not of type commitment", f"contract/{case.contract_id}", "type", "set it to `commitment`"
    )


def _alerts_disabled(case: Case) -> Words:
    record = f"contract/{case.contract_id}"
    return Words("alerts are disabled on the contract", record, "alerts_enabled", "set it to true")


def _not_in_force(case: Case) -> Words:
    record, contract = f"contract/{case.contract_id}", case.contract
    if contract is not None and not contract.is_active:
        return Words("the contract is not active", record, "status", "set it to `active`")
    day = (case.decision.event.ticket.created_at or case.decision.event.time).date()
    if contract is not None and contract.valid_from is not None and day < contract.valid_from:
        why = f"the ticket was created on {day}, the contract begins on {contract.valid_from}"
        return Words(why, record, "valid_from", f"let it begin on {day} or before")
    ended = None if contract is None else contract.valid_to
    why = f"the ticket was created on {day}, the contract ended on {ended}"
    return Words(why, record, "valid_to", f"let it end on {day} or later")


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
