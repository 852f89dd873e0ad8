"""What the people of the console may do: each has roles, and each role allows some things and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Final


class Permission(StrEnum):
    """One kind of thing that may be seen or done."""

    SEE_OVERVIEW = "see_overview"
    """How the service does: numbers, and no names."""
    SEE_TICKETS = "see_tickets"
    """Tickets, who was told of them and who was not, and why."""
    SEE_MESSAGES = "see_messages"
    """Addresses, and what messages say."""
    ACT_ON_MESSAGES = "act_on_messages"
    """Resend, cancel, hold and release; dead letters; pauses; the end of suppressions."""
    CHANGE_ALERTS = "change_alerts"
    """Who is alerted of what."""
    MANAGE_PEOPLE = "manage_people"
    """Accounts of the console and tokens of the API, and what everybody did."""


class Role(StrEnum):
    """What somebody's work is."""

    READER = "reader"
    AGENT = "agent"
    OPERATOR = "operator"
    MANAGER = "manager"
    ADMIN = "admin"


_READER: Final = frozenset({Permission.SEE_OVERVIEW, Permission.SEE_TICKETS})
_AGENT: Final = _READER | {Permission.SEE_MESSAGES}

ALLOWED: Final[Mapping[Role, frozenset[Permission]]] = {
    Role.READER: _READER,
    Role.AGENT: _AGENT,
    Role.OPERATOR: _AGENT | {Permission.ACT_ON_MESSAGES},
    Role.MANAGER: _AGENT | {Permission.CHANGE_ALERTS},
    Role.ADMIN: frozenset(Permission),
}
"""The table: what is not in it, nobody may."""


def permissions_of(roles: Iterable[Role]) -> frozenset[Permission]:
    """What somebody with these roles may: all that one of them allows."""
    return frozenset[Permission]().union(*(ALLOWED[role] for role in roles))
