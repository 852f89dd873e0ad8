"""The console, served on loopback on a store in memory, with a clock that is moved; and browsers that sign in."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import httpx
from argon2 import PasswordHasher
from litestar import Router

from adapters.argon2.hasher import Argon2Hasher
from adapters.web.application import application
from adapters.web.console.desk_screens import Desk
from adapters.web.console.part import ConsoleParts, console
from adapters.web.serving import serving
from console.people.accounts import Account
from console.people.ports import PeopleStore
from console.people.roles import Role
from console.screens.overview import Rules
from schemas.clock import Clock
from schemas.job import Job
from tests.support.console.in_memory_people import InMemoryPeople
from tests.support.history.in_memory_history import InMemoryHistory
from tests.support.sender.fakes import START, FakeClock
from tests.support.sender.in_memory_ledger import InMemoryLedger

PASSWORD = "a long password of the tests"
CHEAP = Argon2Hasher(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
HASHED = CHEAP.hash(PASSWORD)


class FakeStanding:
    """Rules that are in force, and no dead letter, unless a test says otherwise."""

    def __init__(self) -> None:
        self.found: Rules | None = Rules(START, "a-digest-of-rules", (), None, ())
        self.letters = 0

    def rules(self) -> Rules | None:
        return self.found

    def dead_letters(self, most: int) -> int:
        return min(self.letters, most)


def empty_desk() -> Desk:
    """A ledger and a history without anything."""
    return Desk(InMemoryLedger(), InMemoryHistory(), FakeStanding())


def parts(desk: Desk | None = None, **others: Any) -> ConsoleParts:
    """A console on a store in memory."""
    given = {"people": InMemoryPeople(), "hasher": CHEAP, "clock": FakeClock(), "rate": 10_000, **others}
    return ConsoleParts(desk=desk or empty_desk(), **given)


class Served:
    """A console that answers. `browser` makes browsers; they are closed with it."""

    def __init__(self, port: int, part: Router, people: PeopleStore, clock: Clock) -> None:
        self.base = f"http://127.0.0.1:{port}"
        self.part = part
        self.people = people
        self.clock = clock
        self.job: Job | None = None
        """A message that a test chose."""
        self._browsers: list[httpx.Client] = []

    def browser(self, **headers: str) -> httpx.Client:
        """A browser that nobody has signed in with."""
        made = httpx.Client(base_url=self.base, headers={"Accept-Language": "en", **headers}, timeout=30)
        self._browsers.append(made)
        return made

    def add(self, name: str, *roles: Role, customers: frozenset[str] | None = None) -> Account:
        """Add an account that has the password."""
        account = Account(name, frozenset(roles), customers, HASHED)
        assert self.people.add_account(account, self.clock.now())
        return account

    def signed_in(self, *roles: Role, name: str | None = None, customers: frozenset[str] | None = None) -> httpx.Client:
        """A browser with which somebody of these roles has signed in."""
        name = name or "-".join(roles) or "nobody"
        if self.people.account(name) is None:
            self.add(name, *roles, customers=customers)
        browser = self.browser()
        answer = self.sign_in(browser, name)
        assert answer.status_code == 303, answer.text
        return browser

    def sign_in(self, browser: httpx.Client, name: str, password: str = PASSWORD, back: str = "") -> httpx.Response:
        """Send the form."""
        form = {"name": name, "password": password, "next": back}
        return self.post(browser, "/console/sign-in", form)

    def post(self, browser: httpx.Client, path: str, form: dict[str, str] | None = None) -> httpx.Response:
        """Post as a browser does from one of the console's pages."""
        given = {**({"form": token} if (token := form_token(browser)) else {}), **(form or {})}
        return browser.post(path, data=given, headers={"Origin": self.base, "Sec-Fetch-Site": "same-origin"})

    def close(self) -> None:
        for one in self._browsers:
            one.close()


def form_token(browser: httpx.Client) -> str | None:
    """The token that the forms of this browser's pages have."""
    found = re.search(r'name="form" value="([0-9a-f]+)"', browser.get("/console/me").text)
    return found[1] if found else None


@contextmanager
def served(made_of: ConsoleParts | None = None) -> Iterator[Served]:
    """Serve it."""
    made_of = made_of or parts()
    with console(made_of) as part, serving(application([part]), "127.0.0.1", 0) as port:
        one = Served(port, part, made_of.people, made_of.clock)
        try:
            yield one
        finally:
            one.close()


def screens_of(part: Router) -> Sequence[tuple[str, str, object]]:
    """Every route of the console: its method, a path of it, and who may open it."""
    found: list[tuple[str, str, object]] = []
    for one in part.routes:
        path = re.sub(r"\{\w+:path\}", "no/such/page", one.path)
        path = re.sub(r"\{\w+:str\}", "x", path)
        for handler in getattr(one, "route_handlers", ()):
            methods = sorted(handler.http_methods - {"OPTIONS", "HEAD"})
            found += [(str(method), path, handler.opt.get("console_needs")) for method in methods]
    return found
