"""Accounts: who may sign in, in which roles, and which customers they may see."""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime
from typing import Final

from msgspec import Struct

from console.people.errors import WrongNameError
from console.people.roles import Permission, Role, permissions_of

MOST_CUSTOMERS: Final = 50
"""So many customers may be named for one account: a list of messages is put together from one for each."""

LONGEST_NAME: Final = 100
_NAME: Final = re.compile(r"[^\W_][\w.@+ '-]*")


class Account(Struct, frozen=True):
    """An account. `name` has the form of `named`.

    `customers` are the only ones that it may see tickets of; None: all. `password` is a hash by a `PasswordHasher`;
    None while nobody has chosen one, or where another system says who signs in. `language` and `time_zone` are what the
    person chose.
    """

    name: str
    roles: frozenset[Role]
    customers: frozenset[str] | None = None
    password: str | None = None
    disabled: bool = False
    language: str | None = None
    time_zone: str | None = None

    @property
    def permissions(self) -> frozenset[Permission]:
        """What it may; nothing while it is disabled."""
        return frozenset() if self.disabled else permissions_of(self.roles)

    def may_see(self, customer: str | None) -> bool:
        """Whether it may see what is about this customer; None: about none that is known."""
        return self.customers is None or customer in self.customers


class Listed(Struct, frozen=True):
    """An account in a list, with the time when it was added."""

    account: Account
    added: datetime


def named(text: str) -> str:
    """The name of an account as it is kept: one form for all ways to write it. Raises WrongNameError."""
    name = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold()).strip()
    if len(name) > LONGEST_NAME or not _NAME.fullmatch(name):
        raise WrongNameError
    return name
