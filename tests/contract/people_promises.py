"""What every store of the console's people promises. Each promise is a function that fails where one breaks it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from msgspec.structs import replace

from console.people.accounts import Account, Listed
from console.people.invitations import Invitation
from console.people.journal import Action, Entry, Search
from console.people.ports import PeopleStore
from console.people.roles import Role
from console.people.sessions import Session
from tests.support.sender.fakes import START as NOW

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
ADA = Account("ada", frozenset({Role.ADMIN}), None, "$argon2id$…", False, "fr", "Europe/Paris")
BOB = Account("bob@desk", frozenset({Role.AGENT, Role.MANAGER}), frozenset({"acme", "é, 'x'"}))

Promise = Callable[[PeopleStore], None]


def session(number: int, name: str = "ada", minutes: int = 0) -> Session:
    at = NOW + MINUTE * minutes
    return Session(f"digest-{number}", name, at, at, f"browser {number}")


def an_account_is_found_as_it_was_added(store: PeopleStore) -> None:
    assert store.account("ada") is None
    assert store.add_account(BOB, NOW + DAY)
    assert store.add_account(ADA, NOW)
    assert (store.account("ada"), store.account("bob@desk"), store.account("Ada")) == (ADA, BOB, None)
    assert store.accounts() == [Listed(ADA, NOW), Listed(BOB, NOW + DAY)]


def an_account_is_added_once(store: PeopleStore) -> None:
    assert store.add_account(ADA, NOW)
    assert not store.add_account(replace(ADA, roles=frozenset({Role.READER})), NOW)
    assert store.account("ada") == ADA


def an_account_is_put_only_in_the_place_of_one(store: PeopleStore) -> None:
    assert not store.put_account(ADA)
    assert store.account("ada") is None
    store.add_account(ADA, NOW)
    changed = replace(ADA, roles=frozenset(), customers=frozenset({"acme"}), password=None, language=None)
    assert store.put_account(changed)
    assert store.accounts() == [Listed(changed, NOW)]


def whoever_is_disabled_is_signed_out(store: PeopleStore) -> None:
    for account, number in ((ADA, 1), (BOB, 2)):
        store.add_account(account, NOW)
        store.begin_session(session(number, account.name), 5)
    store.put_account(replace(ADA, disabled=True))
    assert (store.session("digest-1"), store.sessions("ada")) == (None, [])
    assert store.session("digest-2") == (session(2, "bob@desk"), BOB)


def an_invitation_is_good_until_its_time(store: PeopleStore) -> None:
    invitation = Invitation("digest", "ada", NOW + HOUR)
    store.invite(invitation, 5)
    assert store.invitation("digest", NOW + HOUR - MINUTE) == invitation
    assert store.invitation("digest", NOW + HOUR) is None
    assert store.invitation("other", NOW) is None


def a_later_invitation_ends_the_earlier_ones_of_its_name(store: PeopleStore) -> None:
    for digest, name in (("1", "ada"), ("2", None), ("3", "bob"), ("4", "ada"), ("5", None)):
        store.invite(Invitation(digest, name, NOW + HOUR), 5)
    assert [store.invitation(digest, NOW) is not None for digest in "12345"] == [False, False, True, True, True]


def only_so_many_invitations_are_kept(store: PeopleStore) -> None:
    for number in range(5):
        store.invite(Invitation(str(number), f"name {number}", NOW + HOUR + MINUTE * number), 3)
    assert [store.invitation(digest, NOW) is not None for digest in "01234"] == [False, False, True, True, True]


def the_first_invitation_adds_an_account_once(store: PeopleStore) -> None:
    store.invite(Invitation("digest", None, NOW + HOUR), 5)
    assert not store.accept("other", ADA, NOW)
    assert not store.accept("digest", ADA, NOW + HOUR)
    assert store.account("ada") is None
    assert store.accept("digest", ADA, NOW)
    assert not store.accept("digest", BOB, NOW)
    assert [one.account for one in store.accounts()] == [ADA]


def the_first_invitation_is_for_nobody_where_there_is_an_account(store: PeopleStore) -> None:
    store.invite(Invitation("digest", None, NOW + HOUR), 5)
    store.add_account(BOB, NOW)
    assert not store.accept("digest", ADA, NOW)
    assert [one.account for one in store.accounts()] == [BOB]


def an_invitation_puts_its_own_account_and_ends_its_sessions(store: PeopleStore) -> None:
    store.add_account(ADA, NOW)
    store.begin_session(session(1), 5)
    store.invite(Invitation("digest", "ada", NOW + HOUR), 5)
    assert not store.accept("digest", BOB, NOW)
    assert store.session("digest-1") is not None
    assert store.accept("digest", replace(ADA, password="another"), NOW)
    assert store.accounts() == [Listed(replace(ADA, password="another"), NOW)]
    assert store.session("digest-1") is None


def an_invitation_opens_no_closed_account(store: PeopleStore) -> None:
    store.add_account(ADA, NOW)
    store.invite(Invitation("digest", "ada", NOW + HOUR), 5)
    store.put_account(replace(ADA, disabled=True))
    assert not store.accept("digest", replace(ADA, password="another"), NOW)
    assert store.account("ada") == replace(ADA, disabled=True)


def a_session_is_found_with_its_account(store: PeopleStore) -> None:
    store.begin_session(session(2, "nobody"), 5)
    store.add_account(ADA, NOW)
    store.begin_session(session(1), 5)
    assert store.session("digest-1") == (session(1), ADA)
    assert store.session("digest-2") is None
    assert store.session("digest-3") is None


def the_last_use_of_a_session_is_kept(store: PeopleStore) -> None:
    store.add_account(ADA, NOW)
    store.begin_session(session(1), 5)
    store.begin_session(session(2, minutes=1), 5)
    store.seen("digest-1", NOW + HOUR)
    store.seen("digest-1", NOW)
    store.seen("digest-9", NOW)
    assert store.sessions("ada") == [replace(session(1), seen=NOW + HOUR), session(2, minutes=1)]


def only_so_many_sessions_of_one_account_are_kept(store: PeopleStore) -> None:
    store.begin_session(session(9, "bob"), 2)
    for number in range(4):
        store.begin_session(session(number, minutes=number), 2)
    assert [one.digest for one in store.sessions("ada")] == ["digest-3", "digest-2"]
    assert [one.digest for one in store.sessions("bob")] == ["digest-9"]


def a_session_ends_alone_or_with_all_of_its_account(store: PeopleStore) -> None:
    for number, name in enumerate(("ada", "ada", "ada", "bob")):
        store.begin_session(session(number, name, number), 5)
    store.end_session("digest-0")
    store.end_session("digest-0")
    assert [one.digest for one in store.sessions("ada")] == ["digest-2", "digest-1"]
    assert store.end_sessions("ada", but="digest-1") == 1
    assert [one.digest for one in store.sessions("ada")] == ["digest-1"]
    assert store.end_sessions("ada") == 1
    assert [one.digest for one in store.sessions("bob")] == ["digest-3"]


ENTRIES = [
    Entry(NOW, "ada", Action.SIGNED_IN, "ada", client="192.0.2.1"),
    Entry(NOW + HOUR, "bob", Action.SIGNED_IN, "bob"),
    Entry(NOW + DAY, "ada", Action.ACCOUNT_CHANGED, "bob", "agent; <all> 'customers'"),
    Entry(NOW + DAY * 2, "ada", Action.INVITED, "bob"),
]


def actions_are_found_by_all_that_is_asked(store: PeopleStore) -> None:
    for entry in ENTRIES:
        store.note(entry)

    def found(search: Search) -> list[Entry]:
        return [kept.entry for kept in store.entries(search, 10)]

    first, second, third, fourth = ENTRIES
    assert found(Search()) == [fourth, third, second, first]
    assert found(Search(who="ada")) == [fourth, third, first]
    assert found(Search(who="ada", action=Action.SIGNED_IN)) == [first]
    assert found(Search(subject="bob")) == [fourth, third, second]
    assert found(Search(since=NOW + HOUR, until=NOW + DAY * 2)) == [third, second]
    assert found(Search(who="eve")) == []


def actions_come_page_by_page(store: PeopleStore) -> None:
    for entry in ENTRIES:
        store.note(entry)
    page = store.entries(Search(), 3)
    rest = store.entries(Search(), 3, page[-1].place)
    assert [kept.entry for kept in [*page, *rest]] == ENTRIES[::-1]
    assert store.entries(Search(who="ada"), 5, rest[-1].place) == []


def what_is_over_is_forgotten_in_portions(store: PeopleStore) -> None:
    for number in range(3):
        store.begin_session(session(number, minutes=number), 5)
    for entry in ENTRIES:
        store.note(entry)
    before = NOW + MINUTE * 2
    assert [store.prune(before, NOW + DAY, 1) for _ in range(3)] == [2, 2, 0]
    assert [one.digest for one in store.sessions("ada")] == ["digest-2"]
    assert [kept.entry for kept in store.entries(Search(), 9)] == ENTRIES[:1:-1]


PROMISES: tuple[Promise, ...] = (
    an_account_is_found_as_it_was_added,
    an_account_is_added_once,
    an_account_is_put_only_in_the_place_of_one,
    whoever_is_disabled_is_signed_out,
    an_invitation_is_good_until_its_time,
    a_later_invitation_ends_the_earlier_ones_of_its_name,
    only_so_many_invitations_are_kept,
    the_first_invitation_adds_an_account_once,
    the_first_invitation_is_for_nobody_where_there_is_an_account,
    an_invitation_puts_its_own_account_and_ends_its_sessions,
    an_invitation_opens_no_closed_account,
    a_session_is_found_with_its_account,
    the_last_use_of_a_session_is_kept,
    only_so_many_sessions_of_one_account_are_kept,
    a_session_ends_alone_or_with_all_of_its_account,
    actions_are_found_by_all_that_is_asked,
    actions_come_page_by_page,
    what_is_over_is_forgotten_in_portions,
)
