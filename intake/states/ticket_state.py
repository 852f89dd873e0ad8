"""What is kept of a ticket between two posts."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from msgspec import Struct


class TicketState(Struct, frozen=True, kw_only=True):
    """A ticket as the event of its newest save had it, with the fields that no post has said left out.

    Such a field is null in an event where that needs it; here it stays unknown, so that the first post that says it is
    not taken for its change.
    """

    saved: datetime
    """The newest save that is known, in UTC."""

    since_creation: bool
    """Whether the ticket's creation was seen: then what was not said yet was not there."""

    ticket: dict[str, Any]
    """Fields of `data.ticket` as they are on the wire, `first_described_at` once there was a description."""
