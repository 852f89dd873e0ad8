"""One request of one person: who they are, what their form says, in which language and zone they read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from msgspec import Struct

from console.people.accounts import Account
from console.people.roles import Permission
from console.people.sessions import SignedIn
from console.people.signing_in import Client
from console.screens.viewer import Viewer
from console.words.catalogue import Words
from console.words.times import Times


class Visit(Struct, frozen=True):
    """A request that may be answered: its route's permission is checked, and so is where its form came from."""

    path: str
    query: Mapping[str, Sequence[str]]
    parts: Mapping[str, str]
    """What stands in the places of the route's path."""
    form: Mapping[str, Sequence[str]]
    now: datetime
    client: Client
    signed_in: SignedIn | None
    words: Words
    times: Times

    @property
    def account(self) -> Account:
        """Whoever is signed in; only where the route asks for that."""
        assert self.signed_in is not None  # noqa: S101 - the guard has seen to it
        return self.signed_in.account

    def may(self, permission: Permission) -> bool:
        """Whether whoever is signed in may do that."""
        return self.signed_in is not None and permission in self.signed_in.account.permissions

    @property
    def roles(self) -> str:
        """The roles of whoever is signed in, in words."""
        return ", ".join(self.words(f"role.{role}") for role in sorted(self.account.roles)) or "-"

    @property
    def viewer(self) -> Viewer:
        """What whoever is signed in may see."""
        return Viewer.of(self.account)

    def asked(self, field: str) -> str:
        """What the query has in a field; empty where it has none."""
        values = self.query.get(field, ())
        return values[0] if values else ""

    def said(self, field: str) -> str:
        """What the form has in a field; empty where it has none."""
        values = self.form.get(field, ())
        return values[0] if values else ""
