"""States from an export: what a helpdesk knew of its tickets before its first post."""

from __future__ import annotations

from datetime import datetime

import msgspec
from msgspec.structs import replace

from intake.observation import Moment, Observation
from intake.states.judgement import TicketKey, judge, ticket_key
from intake.states.ticket_state import TicketState
from schemas.timestamps import Timestamp


def seeded(observation: Observation, received: datetime) -> tuple[TicketKey, TicketState]:
    """The state of a ticket as an export tells of it, checked as if a post had told it. Raises RefusedError.

    No event is made of it. What an export does not say stays unknown, also where it tells of a creation.
    """
    plain = replace(observation, moment=Moment.UNKNOWN, before=None, triggers=None)
    return ticket_key(plain), judge(plain, None, "an export", received).state


class Exported(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A line of an export that needs no mapping: a ticket with the fields of an event's, and when it was last saved."""

    source: str
    time: Timestamp
    ticket: dict[str, object]

    @property
    def observation(self) -> Observation:
        """The same as a post would say it."""
        return Observation(source=self.source, ticket=self.ticket, time=self.time)
