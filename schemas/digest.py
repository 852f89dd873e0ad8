"""What the template of a digest may name. A digest goes to contacts too, so it has nothing that they may not see."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from schemas.timestamps import Timestamp
from schemas.vocabulary import Trigger

MOST_MESSAGES: Final = 1_000
"""How many messages of one digest its template gets. The others are only counted."""


class DigestLine(Struct, frozen=True):
    """One message of a digest, with only what that message itself may show."""

    trigger: Trigger
    saved_at: Timestamp
    reference: str
    title: str
    status: str | None
    product: str | None
    site: str | None
    service: str | None
    customer_name: str | None
    link: str | None


class DigestContext(Struct, frozen=True):
    """The messages in the order in which they came, at most MOST_MESSAGES; `count` is the number of them all."""

    messages: list[DigestLine]
    count: int
    person_name: str | None
