"""What the console keeps of its people, as ports. All of them raise StoreUnavailableError where it can't be kept."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from schemas.errors import UnusableError

if TYPE_CHECKING:
    from console.people.accounts import Account, Listed
    from console.people.invitations import Invitation
    from console.people.journal import Entry, Kept, Search
    from console.people.sessions import Session


class StoreUnavailableError(UnusableError, RuntimeError):
    """The store can't be used. `code` names the class of the fault in snake case; the message says what to do."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class AccountStore(Protocol):
    """Accounts, by their names."""

    def account(self, name: str) -> Account | None:
        """The account of this name."""
        ...

    def accounts(self) -> Sequence[Listed]:
        """All of them, by name."""
        ...

    def add_account(self, account: Account, now: datetime) -> bool:
        """Add it; False where there is one of its name, which stays as it is."""
        ...

    def put_account(self, account: Account) -> bool:
        """Put it in the place of the one of its name; False where there is none. Disabled, its sessions end."""
        ...


class InvitationStore(Protocol):
    """Invitations, by the digests of their secrets."""

    def invite(self, invitation: Invitation, most: int) -> None:
        """Keep it. Earlier ones of its name end; of all that are kept, the newest `most` stay."""
        ...

    def invitation(self, digest: str, now: datetime) -> Invitation | None:
        """The one with this digest, if it is not over."""
        ...

    def accept(self, digest: str, account: Account, now: datetime) -> bool:
        """End the invitation and put or add this account, all at once, with all of its sessions ended.

        False, and nothing is done, where the invitation is over or another call had it; where it is the first person's
        and there is an account already; where it is an account's and there is none, or it is disabled.
        """
        ...


class SessionStore(Protocol):
    """Sessions, by the digests of their secrets."""

    def begin_session(self, session: Session, most: int) -> None:
        """Keep it; of its account's, the `most` that were used last stay."""
        ...

    def session(self, digest: str) -> tuple[Session, Account] | None:
        """The session with this digest, and its account."""
        ...

    def seen(self, digest: str, now: datetime) -> None:
        """It was used."""
        ...

    def sessions(self, name: str) -> Sequence[Session]:
        """Those of this account, the latest used first."""
        ...

    def end_session(self, digest: str) -> None:
        """Forget it, where it is known."""
        ...

    def end_sessions(self, name: str, but: str | None = None) -> int:
        """Forget all of this account but the one with this digest; says how many."""
        ...


class JournalStore(Protocol):
    """Who did what."""

    def note(self, entry: Entry) -> None:
        """Keep it."""
        ...

    def entries(self, search: Search, limit: int, before: int | None = None) -> Sequence[Kept]:
        """At most `limit` of those that are searched for, the latest first; those of a place before this one."""
        ...


class PeopleStore(AccountStore, InvitationStore, SessionStore, JournalStore, Protocol):
    """All of it."""

    def prune(self, seen_before: datetime, noted_before: datetime, limit: int = 1_000) -> int:
        """Forget at most `limit` sessions unused since, and actions from before; says how many of both."""
        ...

    def close(self) -> None:
        """Let go of connections."""
        ...
