"""Signing in and out, invitations, and one's own account."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Final
from urllib.parse import urlencode

from msgspec.structs import replace

from adapters.web.console.answers import Answer, Moved, Page, Refused
from adapters.web.console.origins import safe_return
from adapters.web.console.routing import BASE, Open, Screen
from adapters.web.console.visit import Visit
from console.people.errors import WrongNameError, WrongPasswordError
from console.people.journal import Action, Entry
from console.people.passwords import SHORTEST
from console.people.ports import PeopleStore
from console.people.sessions import Sessions
from console.people.signing_in import SigningIn, Wait
from console.words.catalogue import LANGUAGES
from schemas.time_zones import time_zones

ME: Final = f"{BASE}/me"


def people_screens(signing_in: SigningIn, sessions: Sessions, store: PeopleStore) -> Sequence[Screen]:
    """The screens of this file."""
    own = _Own(signing_in, sessions, store)
    doors = _Doors(signing_in, sessions, store)
    return [
        Screen("/sign-in", Open.TO_ALL, doors.ask),
        Screen("/sign-in", Open.TO_ALL, doors.sign_in, is_post=True, is_slow=True),
        Screen("/invited/{secret:str}", Open.TO_ALL, doors.ask_invited),
        Screen("/invited/{secret:str}", Open.TO_ALL, doors.accept, is_post=True, is_slow=True),
        Screen("/sign-out", Open.TO_SIGNED_IN, doors.sign_out, is_post=True),
        Screen("/sign-out-everywhere", Open.TO_SIGNED_IN, doors.sign_out_everywhere, is_post=True),
        Screen("/me", Open.TO_SIGNED_IN, own.show),
        Screen("/me/preferences", Open.TO_SIGNED_IN, own.save_preferences, is_post=True),
        Screen("/me/password", Open.TO_SIGNED_IN, own.change_password, is_post=True, is_slow=True),
    ]


class _Doors:
    def __init__(self, signing_in: SigningIn, sessions: Sessions, store: PeopleStore) -> None:
        self._signing_in = signing_in
        self._sessions = sessions
        self._store = store

    def ask(self, visit: Visit) -> Answer:
        notice = "sign_in.ended" if visit.asked("ended") else None
        return _sign_in_page(visit, visit.asked("next"), "", notice=notice)

    def sign_in(self, visit: Visit) -> Answer:
        name, back = visit.said("name"), safe_return(visit.said("next"))
        done = self._signing_in.with_password(name, visit.said("password"), visit.client, visit.now)
        if isinstance(done, str):
            return Moved(back, done)
        fault = visit.words("sign_in.refused")
        if isinstance(done, Wait):
            fault = visit.words("sign_in.wait", time=visit.times.span(done.time))
        status = HTTPStatus.TOO_MANY_REQUESTS if isinstance(done, Wait) else HTTPStatus.UNPROCESSABLE_ENTITY
        return _sign_in_page(visit, back, name, fault=fault, status=status)

    def ask_invited(self, visit: Visit) -> Answer:
        return self._invited_page(visit, "", None)

    def accept(self, visit: Visit) -> Answer:
        secret, name = visit.parts["secret"], visit.said("name")
        try:
            done = self._signing_in.by_invitation(secret, name, visit.said("password"), visit.client, visit.now)
        except WrongNameError:
            return self._invited_page(visit, name, "name.wrong")
        except WrongPasswordError as error:
            return self._invited_page(visit, name, error.why)
        return _OVER if done is None else Moved(BASE, done)

    def sign_out(self, visit: Visit) -> Answer:
        assert visit.signed_in is not None  # noqa: S101 - the guard has seen to it
        self._sessions.end(visit.signed_in.secret)
        self._note(visit, Action.SIGNED_OUT)
        return Moved(f"{BASE}/sign-in?ended=1", "")

    def sign_out_everywhere(self, visit: Visit) -> Answer:
        self._sessions.end_all(visit.account.name)
        self._note(visit, Action.SIGNED_OUT_EVERYWHERE)
        return Moved(f"{BASE}/sign-in?ended=1", "")

    def _note(self, visit: Visit, action: Action) -> None:
        name = visit.account.name
        self._store.note(Entry(visit.now, name, action, name, client=visit.client.shown))

    def _invited_page(self, visit: Visit, name: str, fault: str | None) -> Answer:
        invitation = self._signing_in.invitation(visit.parts["secret"], visit.now)
        if invitation is None:
            return _OVER
        given = {"invitation": invitation, "name": name, "fault": fault, "shortest": SHORTEST}
        return Page("invited.html", given, HTTPStatus.OK if fault is None else HTTPStatus.UNPROCESSABLE_ENTITY)


class _Own:
    def __init__(self, signing_in: SigningIn, sessions: Sessions, store: PeopleStore) -> None:
        self._signing_in = signing_in
        self._sessions = sessions
        self._store = store

    def show(self, visit: Visit) -> Answer:
        return self._page(visit, notice={"saved": "me.saved", "password": "me.password.done"}.get(_done(visit)))

    def save_preferences(self, visit: Visit) -> Answer:
        language, zone = visit.said("language"), visit.said("zone").strip()
        if zone and zone not in time_zones():
            return self._page(visit, fault="me.zone.wrong")
        chosen = language if language in LANGUAGES else None
        self._store.put_account(replace(visit.account, language=chosen, time_zone=zone or None))
        name = visit.account.name
        self._store.note(Entry(visit.now, name, Action.PREFERENCES_CHANGED, name, client=visit.client.shown))
        return Moved(f"{ME}?{urlencode({'done': 'saved'})}")

    def change_password(self, visit: Visit) -> Answer:
        right = self._signing_in.has_password(visit.account, visit.said("present"), visit.client, visit.now)
        if isinstance(right, Wait):
            return self._page(visit, fault="sign_in.wait", values={"time": visit.times.span(right.time)})
        if not right:
            return self._page(visit, fault="password.wrong")
        try:
            secret = self._signing_in.change_password(visit.account, visit.said("password"), visit.client, visit.now)
        except WrongPasswordError as error:
            return self._page(visit, fault=error.why)
        return Moved(f"{ME}?{urlencode({'done': 'password'})}", secret)

    def _page(
        self,
        visit: Visit,
        notice: str | None = None,
        fault: str | None = None,
        values: dict[str, str] | None = None,
    ) -> Answer:
        given = {
            "sessions": self._sessions.of(visit.account.name, visit.now),
            "zones": sorted(one for one in time_zones() if "/" in one and not one.startswith(("Etc/", "SystemV/"))),
            "notice": notice and visit.words(notice),
            "fault": fault and visit.words(fault, **(values or {})),
            "shortest": SHORTEST,
        }
        return Page("me.html", given, HTTPStatus.OK if fault is None else HTTPStatus.UNPROCESSABLE_ENTITY)


_OVER: Final = Refused(HTTPStatus.NOT_FOUND, "invited.over")


def _sign_in_page(
    visit: Visit,
    back: str,
    name: str,
    fault: str | None = None,
    notice: str | None = None,
    status: HTTPStatus = HTTPStatus.OK,
) -> Answer:
    given = {"back": safe_return(back), "name": name[:100], "fault": fault, "notice": notice and visit.words(notice)}
    return Page("sign_in.html", given, status)


def _done(visit: Visit) -> str:
    return visit.asked("done")
