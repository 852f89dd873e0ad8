"""Who did what: each action of each person, kept and searchable. Nothing in it is ever changed."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from msgspec import Struct

KEPT_FOR: Final = timedelta(days=400)
"""How long an action is kept: a year, and a month to look back on it."""

LONGEST_DETAIL: Final = 2_000


class Action(StrEnum):
    """What a person did."""

    SIGNED_IN = "signed_in"
    SIGN_IN_REFUSED = "sign_in_refused"
    SIGNED_OUT = "signed_out"
    SIGNED_OUT_EVERYWHERE = "signed_out_everywhere"
    PASSWORD_CHOSEN = "password_chosen"  # noqa: S105 - no password
    PREFERENCES_CHANGED = "preferences_changed"
    ACCOUNT_ADDED = "account_added"
    ACCOUNT_CHANGED = "account_changed"
    ACCOUNT_DISABLED = "account_disabled"
    ACCOUNT_ENABLED = "account_enabled"
    INVITED = "invited"
    MESSAGE_RESENT = "message_resent"
    MESSAGE_CANCELLED = "message_cancelled"
    MESSAGE_HELD = "message_held"
    MESSAGE_RELEASED = "message_released"


class Entry(Struct, frozen=True):
    """One action: who did it (`console user` on the command line is nobody by name), to what, and more of it.

    `client` is the address from which it came.
    """

    at: datetime
    who: str
    action: Action
    subject: str = ""
    detail: str = ""
    client: str = ""


class Kept(Struct, frozen=True):
    """An entry with its place: a larger one came later."""

    place: int
    entry: Entry


class Search(Struct, frozen=True):
    """Which entries: everything that is given must hold. Times are from `since` to before `until`."""

    who: str | None = None
    action: Action | None = None
    subject: str | None = None
    since: datetime | None = None
    until: datetime | None = None
