"""Stage 1: what a save means."""

from __future__ import annotations

from typing import Any

from msgspec import UNSET

from schemas.description import is_described
from schemas.event import Event, Ticket, TicketBefore
from schemas.vocabulary import Trigger


def raised_triggers(event: Event) -> tuple[Trigger, ...]:
    """The triggers that this save raises, the most telling first."""
    # A platform that does not know what was before declares what the save means; that is believed.
    if event.declared is not None:
        return tuple(trigger for trigger in Trigger if trigger in event.declared)
    before = _Before(event.previous, event.ticket)
    return tuple([trigger for trigger, is_raised in _RAISED if is_raised(before, event.ticket)])


class _Before:
    """The ticket before the save.

    At creation nothing, else what `previous` says, and unchanged where it says nothing.
    """

    def __init__(self, previous: TicketBefore | None, ticket: Ticket) -> None:
        self._previous = previous
        self._ticket = ticket
        self.exists = previous is not None

    def __getattr__(self, field: str) -> Any:
        if self._previous is None:
            return None
        value = getattr(self._previous, field)
        return getattr(self._ticket, field) if value is UNSET else value


def _opened(before: _Before, now: Ticket) -> bool:
    """The first save with description and contract.

    Where the description was missing, it must never have been there before.
    """
    if now.contract is None or not is_described(now.external_description):
        return False
    # A description that was emptied and written again opens nothing: the platform says when it came first.
    if not is_described(before.external_description):
        return before.first_described_at is None
    return before.contract is None


def _resolved(before: _Before, now: Ticket) -> bool:
    return bool(now.resolution_marked) and not before.resolution_marked


def _closed(before: _Before, now: Ticket) -> bool:
    return bool(now.closed_for_customer) and not before.closed_for_customer


def _status_changed(before: _Before, now: Ticket) -> bool:
    return before.exists and before.status != now.status


_RAISED = (
    (Trigger.CLOSED, _closed),
    (Trigger.RESOLVED, _resolved),
    (Trigger.OPENED, _opened),
    (Trigger.STATUS_CHANGED, _status_changed),
)
