"""What administrators do to accounts: add and change them, invite their people, close them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from console.people.accounts import MOST_CUSTOMERS, Account, named
from console.people.errors import AccountError
from console.people.invitations import FIRST_GOOD_FOR, GOOD_FOR, MOST_INVITATIONS, Invitation
from console.people.journal import Action, Entry
from console.people.ports import PeopleStore
from console.people.roles import Role
from console.people.secrets import digest_of, new_secret


class Link(Struct, frozen=True):
    """The secret of an invitation, and until when it can be used."""

    secret: str
    until: datetime

    @property
    def path(self) -> str:
        """Where the console takes it."""
        return f"/console/invited/{self.secret}"


class Administration:
    """By one person, whose name is kept with each action."""

    def __init__(self, store: PeopleStore, who: str) -> None:
        self._store = store
        self._who = who

    def add(self, text: str, roles: Collection[Role], customers: Collection[str], now: datetime) -> Link:
        """Add an account, and invite its person. Without customers it may see all. Raises AccountError."""
        account = Account(named(text), _some(roles), _within(customers))
        if not self._store.add_account(account, now):
            raise AccountError(f"{account.name}: there is an account of this name already")
        self._note(now, Action.ACCOUNT_ADDED, account.name, _described(account))
        return self.invite(account.name, now)

    def change(
        self, text: str, roles: Collection[Role] | None, customers: Collection[str] | None, now: datetime
    ) -> Account:
        """Give an account other roles, or other customers (none: all); None: as before. Raises AccountError."""
        account = self.account(text)
        if roles is not None:
            account = replace(account, roles=_some(roles))
        if customers is not None:
            account = replace(account, customers=_within(customers))
        self._store.put_account(account)
        self._note(now, Action.ACCOUNT_CHANGED, account.name, _described(account))
        return account

    def close(self, text: str, now: datetime) -> None:
        """Let nobody sign in by an account any more; its sessions end. Raises AccountError."""
        account = self.account(text)
        self._store.put_account(replace(account, disabled=True))
        self._note(now, Action.ACCOUNT_DISABLED, account.name)

    def open(self, text: str, now: datetime) -> None:
        """Open a closed account again. Raises AccountError."""
        account = self.account(text)
        self._store.put_account(replace(account, disabled=False))
        self._note(now, Action.ACCOUNT_ENABLED, account.name)

    def invite(self, text: str, now: datetime) -> Link:
        """A link by which its person chooses a password: a first or another one. Raises AccountError."""
        account = self.account(text)
        if account.disabled:
            raise AccountError(f"{account.name}: this account is disabled: tocsin console user enable")
        link = self._invited(account.name, now + GOOD_FOR)
        self._note(now, Action.INVITED, account.name)
        return link

    def invite_first(self, now: datetime) -> Link | None:
        """A link by which the first person becomes administrator; None where there is an account."""
        if self._store.accounts():
            return None
        return self._invited(None, now + FIRST_GOOD_FOR)

    def account(self, text: str) -> Account:
        """The account of this name. Raises AccountError."""
        name = named(text)
        found = self._store.account(name)
        if found is None:
            raise AccountError(f"{name}: there is no account of this name: tocsin console user list")
        return found

    def _invited(self, name: str | None, until: datetime) -> Link:
        secret = new_secret()
        self._store.invite(Invitation(digest_of(secret), name, until), MOST_INVITATIONS)
        return Link(secret, until)

    def _note(self, now: datetime, action: Action, subject: str, detail: str = "") -> None:
        self._store.note(Entry(now, self._who, action, subject, detail))


def _some(roles: Collection[Role]) -> frozenset[Role]:
    if not roles:
        raise AccountError(f"name at least one role: {', '.join(Role)}")
    return frozenset(roles)


def _within(customers: Collection[str]) -> frozenset[str] | None:
    if len(customers) > MOST_CUSTOMERS:
        raise AccountError(f"at most {MOST_CUSTOMERS} customers can be named for one account")
    return frozenset(customers) or None


def _described(account: Account) -> str:
    customers = "all customers" if account.customers is None else ", ".join(sorted(account.customers))
    return f"{', '.join(sorted(account.roles))}; {customers}"
