"""Every store of the console's people keeps every promise, and every promise is one that a store can break."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import datetime
from inspect import isfunction
from pathlib import Path

import pytest

from adapters.postgres.console_people import PostgresPeople
from adapters.sqlite.console_people import SqlitePeople
from console.people.accounts import Account, Listed
from console.people.invitations import Invitation
from console.people.journal import Entry, Kept, Search
from console.people.ports import PeopleStore
from console.people.sessions import Session
from tests.contract import people_promises as promises
from tests.contract.people_promises import ADA, HOUR, PROMISES, Promise
from tests.support.console.in_memory_people import InMemoryPeople
from tests.support.sender.fakes import START as NOW


class TestPeople:
    """One class for all adapters."""

    @pytest.fixture(params=["memory", "sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
    def store(self, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[PeopleStore]:
        if request.param == "memory":
            yield InMemoryPeople()
        elif request.param == "sqlite":
            with closing(SqlitePeople(tmp_path / "tocsin.db")) as made:
                yield made
        else:
            with closing(PostgresPeople(request.getfixturevalue("postgres_url"))) as made:
                yield made

    @pytest.mark.parametrize("promise", PROMISES, ids=lambda promise: promise.__name__)
    def test_keeps_the_promise(self, store: PeopleStore, promise: Promise) -> None:
        promise(store)


class AddsTwice(InMemoryPeople):
    def add_account(self, account: Account, now: datetime) -> bool:
        self._accounts[account.name] = Listed(account, now)
        return True


class PutsAnything(InMemoryPeople):
    def put_account(self, account: Account) -> bool:
        self._accounts[account.name] = Listed(account, NOW)
        return True


class FoldsCase(InMemoryPeople):
    def account(self, name: str) -> Account | None:
        return super().account(name.casefold())


class InvitesForEver(InMemoryPeople):
    def invitation(self, digest: str, now: datetime) -> Invitation | None:
        return self._invitations.get(digest)


class KeepsEarlierInvitations(InMemoryPeople):
    def invite(self, invitation: Invitation, most: int) -> None:
        self._invitations[invitation.digest] = invitation


class AcceptsAgain(InMemoryPeople):
    def accept(self, digest: str, account: Account, now: datetime) -> bool:
        return self.invitation(digest, now) is not None and self.add_account(account, now)


class AcceptsAll(InMemoryPeople):
    def accept(self, digest: str, account: Account, now: datetime) -> bool:
        return self.put_account(account) or self.add_account(account, now)


class FindsSessionsOfNobody(InMemoryPeople):
    def session(self, digest: str) -> tuple[Session, Account] | None:
        session = self._sessions.get(digest)
        return None if session is None else (session, self.account(session.name) or ADA)


class GoesBack(InMemoryPeople):
    def seen(self, digest: str, now: datetime) -> None:
        if digest in self._sessions:
            one = self._sessions[digest]
            self._sessions[digest] = Session(one.digest, one.name, one.began, now, one.device)


class KeepsAllSessions(InMemoryPeople):
    def begin_session(self, session: Session, most: int) -> None:
        self._sessions[session.digest] = session


class EndsOneAlone(InMemoryPeople):
    def end_sessions(self, name: str, but: str | None = None) -> int:
        return 0


class FindsAllActions(InMemoryPeople):
    def entries(self, search: Search, limit: int, before: int | None = None) -> Sequence[Kept]:
        return self._journal[::-1][:limit]


class ForgetsAtOnce(InMemoryPeople):
    def prune(self, seen_before: datetime, noted_before: datetime, limit: int = 1_000) -> int:
        return super().prune(seen_before, noted_before)


class ForgetsNames(InMemoryPeople):
    def note(self, entry: Entry) -> None:
        super().note(Entry(entry.at, "", entry.action))


BROKEN: dict[Promise, type[InMemoryPeople]] = {
    promises.an_account_is_found_as_it_was_added: FoldsCase,
    promises.an_account_is_added_once: AddsTwice,
    promises.an_account_is_put_only_in_the_place_of_one: PutsAnything,
    promises.whoever_is_disabled_is_signed_out: PutsAnything,
    promises.an_invitation_is_good_until_its_time: InvitesForEver,
    promises.a_later_invitation_ends_the_earlier_ones_of_its_name: KeepsEarlierInvitations,
    promises.only_so_many_invitations_are_kept: KeepsEarlierInvitations,
    promises.the_first_invitation_adds_an_account_once: AcceptsAgain,
    promises.the_first_invitation_is_for_nobody_where_there_is_an_account: AcceptsAll,
    promises.an_invitation_puts_its_own_account_and_ends_its_sessions: AcceptsAll,
    promises.an_invitation_opens_no_closed_account: AcceptsAll,
    promises.a_session_is_found_with_its_account: FindsSessionsOfNobody,
    promises.the_last_use_of_a_session_is_kept: GoesBack,
    promises.only_so_many_sessions_of_one_account_are_kept: KeepsAllSessions,
    promises.a_session_ends_alone_or_with_all_of_its_account: EndsOneAlone,
    promises.actions_are_found_by_all_that_is_asked: ForgetsNames,
    promises.actions_come_page_by_page: FindsAllActions,
    promises.what_is_over_is_forgotten_in_portions: ForgetsAtOnce,
}


@pytest.mark.parametrize("promise", PROMISES, ids=lambda promise: promise.__name__)
def test_a_store_that_breaks_the_promise_is_found(promise: Promise) -> None:
    with pytest.raises(AssertionError):
        promise(BROKEN[promise]())


def test_no_promise_is_left_out() -> None:
    named = {
        one for one in vars(promises).values() if isfunction(one) and list(one.__annotations__) == ["store", "return"]
    }
    assert named == set(PROMISES) == set(BROKEN)


def one_is_first(stores: Sequence[PeopleStore]) -> None:
    """Several people use the first link at the same moment, and one of them becomes the administrator."""
    stores[0].invite(Invitation("digest", None, NOW + HOUR), 5)
    with ThreadPoolExecutor(8) as pool:
        done = list(
            pool.map(
                lambda number: stores[number % len(stores)].accept("digest", Account(f"name {number}", ADA.roles), NOW),
                range(16),
            )
        )
    assert sum(done) == len(stores[0].accounts()) == 1


def test_connections_to_one_file_let_one_be_first(tmp_path: Path) -> None:
    with closing(SqlitePeople(tmp_path / "tocsin.db")) as one, closing(SqlitePeople(tmp_path / "tocsin.db")) as two:
        one_is_first([one, two])


@pytest.mark.postgres
def test_processes_on_one_database_let_one_be_first(postgres_url: str) -> None:
    with closing(PostgresPeople(postgres_url)) as one, closing(PostgresPeople(postgres_url)) as two:
        one_is_first([one, two])
