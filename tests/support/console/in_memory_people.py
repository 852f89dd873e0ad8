"""What the console keeps of its people, in memory: the port's promises in plain words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from msgspec.structs import replace

from console.people.accounts import Account, Listed
from console.people.invitations import Invitation
from console.people.journal import Entry, Kept, Search
from console.people.sessions import Session


class InMemoryPeople:
    def __init__(self) -> None:
        self._accounts: dict[str, Listed] = {}
        self._invitations: dict[str, Invitation] = {}
        self._sessions: dict[str, Session] = {}
        self._journal: list[Kept] = []

    def account(self, name: str) -> Account | None:
        found = self._accounts.get(name)
        return None if found is None else found.account

    def accounts(self) -> Sequence[Listed]:
        return [self._accounts[name] for name in sorted(self._accounts)]

    def add_account(self, account: Account, now: datetime) -> bool:
        if account.name in self._accounts:
            return False
        self._accounts[account.name] = Listed(account, now)
        return True

    def put_account(self, account: Account) -> bool:
        known = self._accounts.get(account.name)
        if account.disabled:
            self.end_sessions(account.name)
        if known is None:
            return False
        self._accounts[account.name] = Listed(account, known.added)
        return True

    def invite(self, invitation: Invitation, most: int) -> None:
        kept = [one for one in self._invitations.values() if one.name != invitation.name]
        newest = sorted([*kept, invitation], key=lambda one: one.until, reverse=True)[:most]
        self._invitations = {one.digest: one for one in newest}

    def invitation(self, digest: str, now: datetime) -> Invitation | None:
        found = self._invitations.get(digest)
        return found if found is not None and found.until > now else None

    def accept(self, digest: str, account: Account, now: datetime) -> bool:
        found = self.invitation(digest, now)
        if found is None:
            return False
        if found.name is None:
            fits = not self._accounts
        else:
            known = self.account(found.name)
            fits = found.name == account.name and known is not None and not known.disabled
        if not fits:
            return False
        del self._invitations[digest]
        self.end_sessions(account.name)
        return self.put_account(account) or self.add_account(account, now)

    def begin_session(self, session: Session, most: int) -> None:
        self._sessions[session.digest] = session
        for one in self.sessions(session.name)[most:]:
            del self._sessions[one.digest]

    def session(self, digest: str) -> tuple[Session, Account] | None:
        session = self._sessions.get(digest)
        account = None if session is None else self.account(session.name)
        return None if session is None or account is None else (session, account)

    def seen(self, digest: str, now: datetime) -> None:
        session = self._sessions.get(digest)
        if session is not None:
            self._sessions[digest] = replace(session, seen=max(session.seen, now))

    def sessions(self, name: str) -> Sequence[Session]:
        own = [one for one in self._sessions.values() if one.name == name]
        return sorted(own, key=lambda one: one.seen, reverse=True)

    def end_session(self, digest: str) -> None:
        self._sessions.pop(digest, None)

    def end_sessions(self, name: str, but: str | None = None) -> int:
        ended = [one.digest for one in self.sessions(name) if one.digest != but]
        for digest in ended:
            del self._sessions[digest]
        return len(ended)

    def note(self, entry: Entry) -> None:
        place = self._journal[-1].place + 1 if self._journal else 1
        self._journal.append(Kept(place, entry))

    def entries(self, search: Search, limit: int, before: int | None = None) -> Sequence[Kept]:
        found = [kept for kept in self._journal if _holds(kept, search) and (before is None or kept.place < before)]
        return found[::-1][:limit]

    def prune(self, seen_before: datetime, noted_before: datetime, limit: int = 1_000) -> int:
        unused = [one for one in self._sessions.values() if one.seen < seen_before][:limit]
        for one in unused:
            del self._sessions[one.digest]
        old = [kept for kept in self._journal if kept.entry.at < noted_before][:limit]
        self._journal = [kept for kept in self._journal if kept not in old]
        return len(unused) + len(old)

    def close(self) -> None:
        pass


def _holds(kept: Kept, search: Search) -> bool:
    entry = kept.entry
    asked = ((search.who, entry.who), (search.action, entry.action), (search.subject, entry.subject))
    if any(wanted is not None and wanted != found for wanted, found in asked):
        return False
    return (search.since is None or entry.at >= search.since) and (search.until is None or entry.at < search.until)
