"""What one post of a helpdesk says about a ticket, in the words of an event; what was before is not known here."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal

from msgspec import Struct

from schemas.event import Actor
from schemas.vocabulary import Origin, Trigger


class Moment(StrEnum):
    """Which save of the ticket the post tells of."""

    CREATED = "created"
    UPDATED = "updated"
    UNKNOWN = "unknown"
    """The helpdesk does not say. Where the ticket was not known before, it is not taken for a creation."""


class Ignored(Struct, frozen=True):
    """The post is not about a save of a ticket."""

    because: str
    """What such a post is, in the words of its mapping's author."""


class Observation(Struct, frozen=True, kw_only=True):
    """What a post says of one ticket."""

    source: str
    """The event's source: which helpdesk it is."""

    ticket: Mapping[str, Any]
    """Fields of `data.ticket` that the post says, `id` among them. What it does not say is absent; null is a value."""

    time: datetime
    """When the ticket was saved, in UTC."""

    moment: Moment = Moment.UNKNOWN

    before: Mapping[str, Any] | None = None
    """Fields as they were before the save, where the post tells them itself. None: it tells nothing of before."""

    triggers: tuple[Trigger, ...] | None = None
    """What the save means, where the mapping declares that. None: it follows from what was before."""

    delivery: str | None = None
    """The helpdesk's own id of this delivery, the same on a repeat. None: a digest of the body stands for it."""

    actor: Actor = Actor()
    origin: Origin = Origin.USER
    notify: bool | Literal["internal"] = True
