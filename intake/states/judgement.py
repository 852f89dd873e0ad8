"""A post and the state of its ticket make the event and the new state: a pure function."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from intake.observation import Moment, Observation
from intake.states.before import is_overtaken, is_stale, what_it_meant
from intake.states.fields import REQUIRED, merged, said, with_first_description
from intake.states.ticket_state import TicketState
from schemas.event import read_event
from schemas.hashing import hash_of
from schemas.reading import Identifier
from schemas.refusal import refuse
from schemas.timestamps import in_utc
from schemas.trace_context import TraceContext

AHEAD: Final = timedelta(hours=1)
"""How far a helpdesk's clock may be ahead of ours. A save that lies further ahead counts as made when it came: else
every later save of its ticket would pass for an older one."""


class TicketKey(Struct, frozen=True, order=True):
    """Which ticket it is: an id is unique within a source."""

    source: str
    ticket: str


class Judged(Struct, frozen=True):
    """The event of a post (a record's value in structured content mode), and the state of the ticket after it."""

    event: bytes
    state: TicketState


def event_id(source: str, delivery: str) -> str:
    """The id of the event that a delivery makes: the same on each repeat, so that ids of jobs repeat too."""
    return hash_of("delivery", source, delivery)


def ticket_key(observation: Observation) -> TicketKey:
    """The ticket that a post is about. Raises RefusedError."""
    for field, value in (("source", observation.source), ("data.ticket.id", observation.ticket.get("id"))):
        try:
            msgspec.convert(value, Identifier)
        except msgspec.ValidationError:
            reason = "an id is needed here: 1 to 256 characters, none of them a control character"
            raise refuse(field, value, reason) from None
    return TicketKey(observation.source, observation.ticket["id"])


def judge(
    observation: Observation,
    state: TicketState | None,
    delivery: str,
    received: datetime,
    trace: TraceContext | None = None,
) -> Judged:
    """The event of a post, and the state after it.

    `delivery` is the id of the delivery and `received` the time at which it came, in UTC; `trace` is what the event
    carries on. The event was read as engines read it. Raises RefusedError, with the fields of an event, for what makes
    none.
    """
    saved = in_utc("time", observation.time)
    if saved > received + AHEAD:
        saved = received
    overtaken = is_overtaken(observation, state)
    known = {} if state is None or overtaken else state.ticket
    now = with_first_description(merged(known, said(observation.ticket)), known, saved)
    envelope = _envelope(observation, now, saved, delivery, what_it_meant(observation, state, saved))
    event = msgspec.json.encode(envelope | ({} if trace is None else trace.extension))
    read_event(event, received)
    if state is not None and overtaken:
        return Judged(event, _with_creation(state, now))
    if state is not None and is_stale(state, saved):
        return Judged(event, state)
    since_creation = observation.moment is Moment.CREATED if state is None else state.since_creation
    return Judged(event, TicketState(saved=saved, since_creation=since_creation, ticket=now))


def _with_creation(state: TicketState, created: dict[str, Any]) -> TicketState:
    """The state, with what the creation says where later saves have said nothing."""
    first = {name: value for name, value in created.items() if name == "first_described_at"}
    return replace(state, since_creation=True, ticket=merged(created, state.ticket) | first)


def _envelope(
    observation: Observation, now: dict[str, Any], saved: datetime, delivery: str, meaning: dict[str, Any]
) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": event_id(observation.source, delivery),
        "source": observation.source,
        "type": "ticket.saved",
        "subject": now.get("id"),
        "time": saved,
        "datacontenttype": "application/json",
        "data": {
            "ticket": dict.fromkeys(REQUIRED) | now,
            **meaning,
            "actor": observation.actor,
            "origin": observation.origin,
            "notify": observation.notify,
        },
    }
