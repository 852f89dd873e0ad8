"""Points in time. On the wire they are as in RFC 3339, always with an offset; from there on they are in UTC."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from msgspec import Meta

from schemas.refusal import refuse

Timestamp = Annotated[
    datetime,
    Meta(
        tz=True,
        description="A time as in RFC 3339, section 5.6, with its offset. A leap second (:60) is refused: send :59.",
    ),
]


def in_utc(field: str, time: datetime) -> datetime:
    """The same moment in UTC. Raises RefusedError where it lies outside the years 1 to 9999 there."""
    try:
        return time.astimezone(UTC)
    except OverflowError:
        raise refuse(field, time.isoformat(), "the time lies outside the years 1 to 9999 in UTC") from None
