"""The console as a part of an application: its screens, behind its guard."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from litestar import Router
from msgspec import Struct

from adapters.web.client_rates import Limit, Limiting, Network
from adapters.web.console.acting_screens import acting_screens
from adapters.web.console.answers import NOT_FOUND, Answer
from adapters.web.console.desk_screens import Desk, desk_screens
from adapters.web.console.directory_screens import directory_screens
from adapters.web.console.guard import Guard, NavEntry
from adapters.web.console.letter_screens import letter_screens
from adapters.web.console.origins import Site
from adapters.web.console.people_screens import people_screens
from adapters.web.console.rendering import Files, Pages
from adapters.web.console.routing import BASE, Open, Screen, router
from adapters.web.console.visit import Visit
from console.people.passwords import PasswordHasher
from console.people.patience import Patience
from console.people.ports import PeopleStore
from console.people.roles import Permission
from console.people.sessions import Limits, Sessions
from console.people.signing_in import SigningIn
from schemas.clock import Clock


class ConsoleParts(Struct, frozen=True):
    """What the console is made of. `url` is its public address; `proxies` are the servers in front."""

    people: PeopleStore
    desk: Desk
    hasher: PasswordHasher
    clock: Clock
    limits: Limits = Limits()
    url: str | None = None
    proxies: Sequence[Network] = ()
    rate: float = 20.0
    """Requests a second of one address."""


@contextmanager
def console(made_of: ConsoleParts) -> Iterator[Router]:
    """The part; within the block it answers."""
    sessions, patience = Sessions(made_of.people, made_of.limits), Patience()
    signing_in = SigningIn(made_of.people, made_of.hasher, sessions, patience)
    static = Files()
    screens = [
        *desk_screens(made_of.desk),
        *letter_screens(made_of.desk),
        *acting_screens(made_of.desk, made_of.people),
        *directory_screens(made_of.desk.lookup, made_of.desk.history),
        *people_screens(signing_in, sessions, made_of.people),
        *_common(static),
    ]
    guard = Guard(sessions, made_of.clock, Site(made_of.url), Pages(static), _navigation(), made_of.proxies)
    try:
        yield router(screens, guard.answered, Limiting(Limit(made_of.rate, made_of.proxies)))
    finally:
        guard.close()


def _navigation() -> Sequence[NavEntry]:
    return [
        NavEntry("nav.overview", BASE, Permission.SEE_OVERVIEW),
        NavEntry("nav.tickets", f"{BASE}/tickets", Permission.SEE_TICKETS),
        NavEntry("nav.messages", f"{BASE}/messages", Permission.SEE_TICKETS),
        NavEntry("nav.directory", f"{BASE}/directory", Permission.SEE_TICKETS),
    ]


def _common(static: Files) -> Sequence[Screen]:
    def file(visit: Visit) -> Answer:
        return static.find(visit.parts["name"]) or NOT_FOUND

    return [
        Screen("/static/{name:str}", Open.TO_ALL, file),
        # What no other route has: without a session nobody learns which pages there are.
        Screen("/{rest:path}", Open.TO_SIGNED_IN, lambda _: NOT_FOUND),
    ]
