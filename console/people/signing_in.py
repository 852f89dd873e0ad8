"""Signing in: by a name and a password, or by an invitation."""

from __future__ import annotations

from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from console.people.accounts import Account, named
from console.people.errors import WrongNameError
from console.people.invitations import FIRST_ROLES, Invitation
from console.people.journal import Action, Entry
from console.people.passwords import PasswordHasher, chosen, prepared
from console.people.patience import Patience
from console.people.ports import PeopleStore
from console.people.secrets import digest_of
from console.people.sessions import Sessions


class Client(Struct, frozen=True):
    """Where somebody signs in from: their address, their browser, and the secret of the session that it had.

    The address is empty where a server in front does not tell it; `peer` is then that server's.
    """

    address: str
    device: str = ""
    had: str | None = None
    peer: str = ""

    @property
    def shown(self) -> str:
        """What the journal keeps of where they are."""
        return self.address or self.peer


class Wait(Struct, frozen=True):
    """There were too many tries: the next one may come after this time."""

    time: timedelta


class SigningIn:
    """It may be shared between threads; what it does takes long by intention, so it is for threads."""

    def __init__(self, store: PeopleStore, hasher: PasswordHasher, sessions: Sessions, patience: Patience) -> None:
        self._store = store
        self._hasher = hasher
        self._sessions = sessions
        self._patience = patience

    def with_password(self, text: str, password: str, client: Client, now: datetime) -> str | Wait | None:
        """The secret of a new session; None where name or password is wrong, which of them nobody is told."""
        name = _tried_name(text)
        wait = self._patience.begin(name, client.address, now)
        if wait:
            return Wait(wait)
        account = self._verified(name, password)
        if account is None:
            # A name that nobody has is perhaps a password in the wrong field.
            known = self._store.account(name) is not None
            self._note(now, Action.SIGN_IN_REFUSED, name if known else "?", client)
            return None
        self._patience.succeeded(name, client.address)
        self._note(now, Action.SIGNED_IN, name, client)
        return self._sessions.begin(name, now, client.device, client.had)

    def has_password(self, account: Account, password: str, client: Client, now: datetime) -> bool | Wait:
        """Whether it is their password: for what asks for it again. It counts as a try to sign in."""
        wait = self._patience.begin(account.name, client.address, now)
        if wait:
            return Wait(wait)
        if self._verified(account.name, password) is None:
            return False
        self._patience.succeeded(account.name, client.address)
        return True

    def invitation(self, secret: str, now: datetime) -> Invitation | None:
        """The invitation with this secret, if it is not over."""
        return self._store.invitation(digest_of(secret), now)

    def by_invitation(self, secret: str, text: str, password: str, client: Client, now: datetime) -> str | None:
        """Choose a password by an invitation, and sign in; `text` is the name of the first person.

        None where the invitation is over. Raises WrongNameError and WrongPasswordError, and then it is not.
        """
        invitation = self.invitation(secret, now)
        if invitation is None:
            return None
        name = named(text) if invitation.name is None else invitation.name
        hashed = self._hasher.hash(chosen(password, name))
        known = self._store.account(name)
        account = Account(name, FIRST_ROLES) if invitation.name is None or known is None else known
        if not self._store.accept(invitation.digest, replace(account, password=hashed), now):
            return None
        self._note(now, Action.PASSWORD_CHOSEN, name, client, "invitation")
        self._note(now, Action.SIGNED_IN, name, client)
        return self._sessions.begin(name, now, client.device, client.had)

    def change_password(self, account: Account, password: str, client: Client, now: datetime) -> str:
        """Choose another one: all sessions end, and a new one begins. Raises WrongPasswordError."""
        hashed = self._hasher.hash(chosen(password, account.name))
        self._store.put_account(replace(account, password=hashed))
        self._sessions.end_all(account.name)
        self._note(now, Action.PASSWORD_CHOSEN, account.name, client)
        return self._sessions.begin(account.name, now, client.device, client.had)

    def _verified(self, name: str, password: str) -> Account | None:
        """The account, if it is its password. It takes about the same time whether there is an account or not."""
        account = self._store.account(name)
        hashed = None if account is None or account.disabled else account.password
        if not self._hasher.verify(hashed, prepared(password)) or account is None or hashed is None:
            return None
        if self._hasher.is_outdated(hashed):
            self._store.put_account(replace(account, password=self._hasher.hash(prepared(password))))
        return account

    def _note(self, now: datetime, action: Action, name: str, client: Client, detail: str = "") -> None:
        self._store.note(Entry(now, name, action, name, detail, client.shown))


def _tried_name(text: str) -> str:
    """The name that is tried, in the form of names; what can't be one is the name of nobody."""
    try:
        return named(text)
    except WrongNameError:
        return "?"
