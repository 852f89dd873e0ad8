"""Sessions: who is signed in, since when, and until when without signing in again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from msgspec import Struct

from console.people.accounts import Account
from console.people.ports import SessionStore
from console.people.secrets import digest_of, new_secret

MOST_SESSIONS: Final = 20
"""Of one account; the one that was used the longest ago ends where another begins."""

SEEN_EVERY: Final = timedelta(minutes=1)
"""A session's last use is written down no oftener than that."""


class Limits(Struct, frozen=True):
    """How long a session may be unused, and how long it may go on at all."""

    idle: timedelta = timedelta(hours=1)
    whole: timedelta = timedelta(hours=12)


class Session(Struct, frozen=True):
    """A session as it is kept, by the digest of its secret. `device` is what the browser said that it is."""

    digest: str
    name: str
    began: datetime
    seen: datetime
    device: str = ""


class SignedIn(Struct, frozen=True):
    """Whoever a request comes from."""

    account: Account
    session: Session
    secret: str


class Sessions:
    """All sessions. It may be shared between threads."""

    def __init__(self, store: SessionStore, limits: Limits = Limits()) -> None:  # noqa: B008 - never changes
        self._store = store
        self.limits = limits

    def begin(self, name: str, now: datetime, device: str = "", instead_of: str | None = None) -> str:
        """A new session, and its secret; the session that the browser had before ends.

        So a secret that somebody has slipped into the browser never becomes that of a session.
        """
        if instead_of is not None:
            self._store.end_session(digest_of(instead_of))
        secret = new_secret()
        self._store.begin_session(Session(digest_of(secret), name, now, now, device), MOST_SESSIONS)
        return secret

    def find(self, secret: str, now: datetime) -> SignedIn | None:
        """Who has this secret; None where there is no such session any more, or its account is disabled."""
        found = self._store.session(digest_of(secret))
        if found is None:
            return None
        session, account = found
        if account.disabled or self._is_over(session, now):
            self._store.end_session(session.digest)
            return None
        if now - session.seen >= SEEN_EVERY:
            self._store.seen(session.digest, now)
        return SignedIn(account, session, secret)

    def end(self, secret: str) -> None:
        """Sign out here."""
        self._store.end_session(digest_of(secret))

    def end_all(self, name: str, but: str | None = None) -> int:
        """Sign out everywhere, but for the session with this digest; says how many ended."""
        return self._store.end_sessions(name, but)

    def of(self, name: str, now: datetime) -> Sequence[Session]:
        """All that are not over, the latest used first."""
        return [one for one in self._store.sessions(name) if not self._is_over(one, now)]

    def _is_over(self, session: Session, now: datetime) -> bool:
        # A clock that was set back ends a session too: nobody could say how old it is.
        idle, whole = now - session.seen, now - session.began
        return not (-SEEN_EVERY <= idle < self.limits.idle and -SEEN_EVERY <= whole < self.limits.whole)
