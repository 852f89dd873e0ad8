"""What an event says of the ticket before the save: from the post itself, else from the state."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from intake.observation import Moment, Observation
from intake.states.fields import said
from intake.states.ticket_state import TicketState
from schemas.event import TicketBefore

_READ: Final = TicketBefore.__struct_fields__

_AT_CREATION: Final[dict[str, Any]] = {
    "contract": None,
    "external_description": None,
    "resolution_marked": False,
    "closed_for_customer": False,
}
"""What holds of a ticket that was just created, until a post says otherwise. A status it has from the beginning."""

_WITHOUT_HISTORY: Final = ("status", "resolution_marked", "closed_for_customer", "priority")
"""What a post may tell of before where the ticket was unknown. Whether it was ever opened, one post can't tell."""


def what_it_meant(observation: Observation, state: TicketState | None, saved: datetime) -> dict[str, Any]:
    """The members of an event's data from which its triggers follow: `previous`, or `triggers`.

    A save that is older than the state means nothing any more, unless it is the creation. Nor does the first sight of
    a ticket that is no creation, but for what the post itself tells of before.
    """
    if is_overtaken(observation, state):
        state = None
    if is_stale(state, saved):
        return {"triggers": []}
    if observation.triggers is not None:
        return {"triggers": [trigger.value for trigger in observation.triggers]}
    told = None if observation.before is None else said(observation.before)
    if state is not None:
        return {"previous": _previous(told or {}, state, saved)}
    if observation.moment is Moment.CREATED:
        return {"previous": None}
    if told is None:
        return {"triggers": []}
    return {"previous": {name: told[name] for name in _WITHOUT_HISTORY if name in told}}


def is_overtaken(observation: Observation, state: TicketState | None) -> bool:
    """Whether the ticket's creation comes only now, after a post of a later save.

    That was taken for the first sight of an old ticket, so nobody was told that the ticket was opened.
    """
    return state is not None and not state.since_creation and observation.moment is Moment.CREATED


def is_stale(state: TicketState | None, saved: datetime) -> bool:
    """Whether a save is older than the newest that is known."""
    return state is not None and saved < state.saved


def _previous(told: Mapping[str, Any], state: TicketState, saved: datetime) -> dict[str, Any]:
    # Said in any case: left out, it would count as it is now, which this very save may have brought.
    first = {"first_described_at": None}
    known = first | (_AT_CREATION if state.since_creation else {}) | state.ticket
    # Some helpdesks post each changed field of one save by itself, with the whole ticket beside it. What the first of
    # these posts showed as changed must not change again with the second.
    found = {**told, **known} if saved == state.saved else {**known, **told}
    return {name: found[name] for name in _READ if name in found}
