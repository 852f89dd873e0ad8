"""What whoever looks may see."""

from __future__ import annotations

from msgspec import Struct

from console.people.accounts import Account
from console.people.roles import Permission


class Viewer(Struct, frozen=True):
    """`customers` are those whose tickets may be seen; None: all. Who `sees_people` sees names, addresses and texts."""

    customers: frozenset[str] | None = None
    sees_people: bool = True

    @classmethod
    def of(cls, account: Account) -> Viewer:
        """What this account may see."""
        return cls(account.customers, Permission.SEE_MESSAGES in account.permissions)

    def may_see(self, customer: str | None) -> bool:
        """Whether what is about this customer; None: about none that is known."""
        return self.customers is None or customer in self.customers
