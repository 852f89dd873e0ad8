"""Rows of the console's tables, and the values that they are."""

from __future__ import annotations

import json
from typing import Any

from adapters.sql_ledger.moments import from_micros, to_micros
from adapters.sql_ledger.session import Row
from console.people.accounts import Account
from console.people.invitations import Invitation
from console.people.journal import LONGEST_DETAIL, Action, Entry, Kept
from console.people.roles import Role
from console.people.sessions import Session


def account_of(row: Row) -> Account:
    """The account that a row is."""
    customers = None if row["customers"] is None else frozenset(json.loads(row["customers"]))
    return Account(
        row["name"],
        frozenset(Role(one) for one in row["roles"].split()),
        customers,
        row["password"],
        bool(row["disabled"]),
        row["language"],
        row["time_zone"],
    )


def account_values(account: Account) -> dict[str, Any]:
    """The values of an account."""
    return {
        "name": account.name,
        "roles": " ".join(sorted(account.roles)),
        "customers": None if account.customers is None else json.dumps(sorted(account.customers)),
        "password": account.password,
        "disabled": int(account.disabled),
        "language": account.language,
        "time_zone": account.time_zone,
    }


def session_of(row: Row) -> Session:
    """The session that a row is."""
    return Session(row["digest"], row["name"], from_micros(row["began"]), from_micros(row["seen"]), row["device"])


def invitation_of(row: Row) -> Invitation:
    """The invitation that a row is."""
    return Invitation(row["digest"], row["name"], from_micros(row["until"]))


def kept_of(row: Row) -> Kept:
    """The action that a row is."""
    action = Action(row["action"])
    return Kept(
        row["place"],
        Entry(from_micros(row["at"]), row["who"], action, row["subject"], row["detail"], row["client"]),
    )


def entry_values(entry: Entry) -> dict[str, Any]:
    """The values of an action."""
    return {
        "at": to_micros(entry.at),
        "who": entry.who,
        "action": entry.action.value,
        "subject": entry.subject[:LONGEST_DETAIL],
        "detail": entry.detail[:LONGEST_DETAIL],
        "client": entry.client,
    }
