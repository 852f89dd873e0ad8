"""Accounts, invitations, sessions and journal, whatever the database."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import TypeVar

from adapters.sql_console import statements as sql
from adapters.sql_console.rows import account_of, account_values, entry_values, invitation_of, kept_of, session_of
from adapters.sql_ledger.moments import from_micros, to_micros
from adapters.sql_ledger.session import Session as Database
from adapters.sql_ledger.storage import OnStorage
from console.people.accounts import Account, Listed
from console.people.invitations import Invitation
from console.people.journal import Entry, Kept, Search
from console.people.ports import StoreUnavailableError
from console.people.sessions import Session
from sender.ledger.port import LedgerUnavailableError

T = TypeVar("T")

_ACCOUNTS = "console accounts"
"""What is reserved by whatever may add the first account."""


class SqlPeople(OnStorage):
    """See console.people.ports.PeopleStore."""

    def account(self, name: str) -> Account | None:
        """See AccountStore."""
        rows = self._rows(sql.ACCOUNT, {"name": name})
        return account_of(rows[0]) if rows else None

    def accounts(self) -> Sequence[Listed]:
        """See AccountStore."""
        rows = self._rows(sql.ACCOUNTS, {})
        return [Listed(account_of(row), from_micros(row["added"])) for row in rows]

    def add_account(self, account: Account, now: datetime) -> bool:
        """See AccountStore."""
        values = account_values(account) | {"added": to_micros(now)}

        def work(session: Database) -> bool:
            session.reserve([_ACCOUNTS])
            return bool(session.rows(sql.ADD_ACCOUNT, values))

        return self._transact(work)

    def put_account(self, account: Account) -> bool:
        """See AccountStore."""

        def work(session: Database) -> bool:
            session.reserve([_ACCOUNTS])
            if account.disabled:
                session.rows(sql.END_SESSIONS, {"name": account.name, "but": ""})
            return bool(session.rows(sql.PUT_ACCOUNT, account_values(account)))

        return self._transact(work)

    def invite(self, invitation: Invitation, most: int) -> None:
        """See InvitationStore."""
        values = {"digest": invitation.digest, "name": invitation.name, "until": to_micros(invitation.until)}

        def work(session: Database) -> None:
            session.reserve([_ACCOUNTS])
            session.run(sql.END_INVITATIONS, {"name": invitation.name or "", "first": int(invitation.name is None)})
            session.run(sql.KEEP_INVITATION, values)
            session.run(sql.FEWER_INVITATIONS, {"most": most})

        self._transact(work)

    def invitation(self, digest: str, now: datetime) -> Invitation | None:
        """See InvitationStore."""
        values = {"digest": digest, "now": to_micros(now)}
        rows = self._rows(sql.INVITATION, values)
        return invitation_of(rows[0]) if rows else None

    def accept(self, digest: str, account: Account, now: datetime) -> bool:
        """See InvitationStore."""

        def work(session: Database) -> bool:
            session.reserve([_ACCOUNTS])
            found = session.rows(sql.INVITATION, {"digest": digest, "now": to_micros(now)})
            if not found or not _fits(session, found[0]["name"], account.name):
                return False
            session.rows(sql.TAKE_INVITATION, {"digest": digest, "now": to_micros(now)})
            session.rows(sql.END_SESSIONS, {"name": account.name, "but": ""})
            is_first = found[0]["name"] is None
            values = account_values(account) | ({"added": to_micros(now)} if is_first else {})
            return bool(session.rows(sql.ADD_ACCOUNT if is_first else sql.PUT_ACCOUNT, values))

        return self._transact(work)

    def begin_session(self, session: Session, most: int) -> None:
        """See SessionStore."""
        values = {
            "digest": session.digest,
            "name": session.name,
            "began": to_micros(session.began),
            "seen": to_micros(session.seen),
            "device": session.device,
        }

        def work(database: Database) -> None:
            database.run(sql.BEGIN_SESSION, values)
            database.run(sql.FEWER_SESSIONS, {"name": session.name, "most": most})

        self._transact(work)

    def session(self, digest: str) -> tuple[Session, Account] | None:
        """See SessionStore."""
        with self._reading() as database:
            rows = database.rows(sql.SESSION, {"digest": digest})
            accounts = database.rows(sql.ACCOUNT, {"name": rows[0]["name"]}) if rows else ()
        return (session_of(rows[0]), account_of(accounts[0])) if accounts else None

    def seen(self, digest: str, now: datetime) -> None:
        """See SessionStore."""
        self._transact(lambda database: database.run(sql.SEEN, {"digest": digest, "now": to_micros(now)}))

    def sessions(self, name: str) -> Sequence[Session]:
        """See SessionStore."""
        rows = self._rows(sql.SESSIONS, {"name": name})
        return [session_of(row) for row in rows]

    def end_session(self, digest: str) -> None:
        """See SessionStore."""
        self._transact(lambda database: database.run(sql.END_SESSION, {"digest": digest}))

    def end_sessions(self, name: str, but: str | None = None) -> int:
        """See SessionStore."""
        values = {"name": name, "but": but or ""}
        return self._transact(lambda database: len(database.rows(sql.END_SESSIONS, values)))

    def note(self, entry: Entry) -> None:
        """See JournalStore."""
        self._transact(lambda database: database.run(sql.NOTE, entry_values(entry)))

    def entries(self, search: Search, limit: int, before: int | None = None) -> Sequence[Kept]:
        """See JournalStore."""
        asked = dict(_conditions(search, before))
        statement = sql.entries_statement(list(asked))
        values = {name: value for part in asked.values() for name, value in part.items()} | {"limit": limit}
        return [kept_of(row) for row in self._rows(statement, values)]

    def prune(self, seen_before: datetime, noted_before: datetime, limit: int = 1_000) -> int:
        """See PeopleStore."""
        unused = {"before": to_micros(seen_before), "limit": limit}
        noted = {"before": to_micros(noted_before), "limit": limit}

        def work(session: Database) -> int:
            return len(session.rows(sql.PRUNE_SESSIONS, unused)) + len(session.rows(sql.PRUNE_JOURNAL, noted))

        return self._transact(work)


@contextmanager
def as_store_errors() -> Iterator[None]:
    """Turn errors of the storage, which the sender's ledger has in common, into those of the console."""
    try:
        yield
    except LedgerUnavailableError as error:
        raise StoreUnavailableError(error.code, str(error)) from error


def _fits(session: Database, invited: str | None, name: str) -> bool:
    """Whether the account of this name may accept an invitation for `invited`."""
    if invited is None:
        return not session.rows(sql.ANY_ACCOUNT, {})[0]["number"]
    rows = session.rows(sql.ACCOUNT, {"name": invited})
    return invited == name and bool(rows) and not rows[0]["disabled"]


def _conditions(search: Search, before: int | None) -> Iterator[tuple[str, dict[str, object]]]:
    equal = {"who": search.who, "action": search.action, "subject": search.subject}
    for column, value in equal.items():
        if value is not None:
            yield f"{column} = :{column}", {column: value}
    if search.since is not None:
        yield "at >= :since", {"since": to_micros(search.since)}
    if search.until is not None:
        yield "at < :until", {"until": to_micros(search.until)}
    if before is not None:
        yield "place < :before", {"before": before}
