"""Invitations: links by which somebody chooses a password, once and within a time. So no password is ever sent."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from msgspec import Struct

from console.people.accounts import Account
from console.people.roles import Role

GOOD_FOR: Final = timedelta(days=2)
FIRST_GOOD_FOR: Final = timedelta(minutes=30)
"""The first person is at the keyboard."""

MOST_INVITATIONS: Final = 500
"""That are kept at once; the oldest ends where another is made."""

FIRST_ROLES: Final = frozenset({Role.ADMIN})


class Invitation(Struct, frozen=True):
    """An invitation as it is kept, by the digest of its secret. `name` is the account's; None: of the first person."""

    digest: str
    name: str | None
    until: datetime


class Accepted(Struct, frozen=True):
    """What became of an invitation: the account that has its password now."""

    account: Account
    is_first: bool
