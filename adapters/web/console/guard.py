"""Lets a request of the console pass to whoever may: by session, permission, and where a form came from."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from http import HTTPStatus
from typing import Any, Final, TypeAlias
from urllib.parse import parse_qs, quote

import structlog
from litestar import Request, Response
from msgspec import Struct

from adapters.web.client_rates import Network, client_of
from adapters.web.console.answers import Answer, Document, Moved, Page, Refused, refused
from adapters.web.console.cookies import cookie, secret_in
from adapters.web.console.origins import Site
from adapters.web.console.rendering import HEADERS, Pages, page_response
from adapters.web.console.routing import BASE, Open, Screen
from adapters.web.console.visit import Visit
from adapters.web.opt_out_pages import language_for
from console.people.ports import StoreUnavailableError
from console.people.secrets import is_form_token
from console.people.sessions import Sessions, SignedIn
from console.people.signing_in import Client
from console.words.catalogue import Words
from console.words.times import Times
from history.ports import HistoryUnavailableError
from schemas.clock import Clock
from sender.ledger.port import LedgerUnavailableError

log = structlog.get_logger()

SIGN_IN: Final = f"{BASE}/sign-in"
FORM_TOKEN: Final = "form"  # noqa: S105 - the name of a field
MOST_FIELDS: Final = 600
MOST_AT_ONCE: Final = 8
"""Requests that are worked on; others wait."""
MOST_SLOW: Final = 2
MOST_WAITING: Final = 64
"""Requests that wait or are worked on, of either kind; further ones are to come again."""

_LONGEST_DEVICE: Final = 200
_Request: TypeAlias = Request[Any, Any, Any]


class NavEntry(Struct, frozen=True):
    """A screen in the navigation: the key of its words, its path, and who may open it."""

    word: str
    path: str
    needs: Any


class CrowdedError(Exception):
    """So many requests wait that this one is to come again."""


class _Crew:
    """Threads that answer, and a bound on what waits for them."""

    def __init__(self, name: str, threads: int) -> None:
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._waiting = 0

    async def answer(self, work: Callable[[], Response[Any]]) -> Response[Any]:
        if self._waiting >= MOST_WAITING:
            raise CrowdedError
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._waiting -= 1

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)


class Guard:
    """Belongs to the loop that serves. `close` it at the end."""

    def __init__(
        self,
        sessions: Sessions,
        clock: Clock,
        site: Site,
        pages: Pages,
        navigation: Sequence[NavEntry],
        proxies: Sequence[Network] = (),
    ) -> None:
        self._sessions = sessions
        self._clock = clock
        self._site = site
        self._pages = pages
        self._navigation = navigation
        self._proxies = proxies
        self._crews = {False: _Crew("console", MOST_AT_ONCE), True: _Crew("console-slow", MOST_SLOW)}

    async def answered(self, screen: Screen, request: _Request) -> Response[Any]:
        """The response to a request for this screen."""
        body = await request.body() if screen.is_post else b""
        try:
            form = parse_qs(body.decode(), keep_blank_values=True, max_num_fields=MOST_FIELDS)
        except (ValueError, UnicodeDecodeError):
            form, screen = {}, Screen(screen.path, screen.needs, lambda _: refused(HTTPStatus.BAD_REQUEST))
        # All of it in a thread: the session is read from the store, and a long page is written for some time.
        try:
            return await self._crews[screen.is_slow].answer(lambda: self._work(screen, request, form))
        except CrowdedError:
            busy = Refused(HTTPStatus.SERVICE_UNAVAILABLE, "error.503", headers={"Retry-After": "1"})
            return self._response(busy, self._unknown(request))

    def close(self) -> None:
        """End its threads."""
        for crew in self._crews.values():
            crew.close()

    def _work(self, screen: Screen, request: _Request, form: Mapping[str, Sequence[str]]) -> Response[Any]:
        visit = self._unknown(request)
        try:
            visit = self._visit(request, form)
            return self._response(self._admitted(screen, visit, request), visit)
        except (StoreUnavailableError, LedgerUnavailableError, HistoryUnavailableError) as error:
            log.warning("console_store_unavailable", code=error.code, said=str(error))
            answer = Refused(HTTPStatus.SERVICE_UNAVAILABLE, "error.503", headers={"Retry-After": "5"})
        except Exception as error:
            log.exception("console_page_failed", exc_info=error)
            answer = refused(HTTPStatus.INTERNAL_SERVER_ERROR)
        return self._response(answer, visit)

    def _admitted(self, screen: Screen, visit: Visit, request: _Request) -> Answer:
        if screen.is_post and not self._is_our_form(visit, request):
            return Refused(HTTPStatus.FORBIDDEN, "error.form")
        if screen.needs is Open.TO_ALL:
            return screen.answer(visit)
        if visit.signed_in is None:
            return Moved(SIGN_IN if screen.is_post else f"{SIGN_IN}?next={quote(_asked(request), safe='/')}", "")
        if screen.needs is not Open.TO_SIGNED_IN and screen.needs not in visit.signed_in.account.permissions:
            return Refused(HTTPStatus.FORBIDDEN, "error.403", {"roles": visit.roles})
        return screen.answer(visit)

    def _is_our_form(self, visit: Visit, request: _Request) -> bool:
        if not self._site.sent(request.headers):
            return False
        # Signing in has no session to be known by; where there is one, its form must be its own.
        return visit.signed_in is None or is_form_token(visit.signed_in.secret, visit.said(FORM_TOKEN))

    def _visit(self, request: _Request, form: Mapping[str, Sequence[str]]) -> Visit:
        now, secret = self._clock.now(), secret_in(request.cookies, self._site.is_secure)
        signed_in = None if secret is None else self._sessions.find(secret, now)
        return self._visit_of(request, now, signed_in, form)

    def _unknown(self, request: _Request) -> Visit:
        return self._visit_of(request, self._clock.now(), None, {})

    def _visit_of(
        self, request: _Request, now: datetime, signed_in: SignedIn | None, form: Mapping[str, Sequence[str]]
    ) -> Visit:
        account = None if signed_in is None else signed_in.account
        own = account.language if account is not None and account.language is not None else ""
        language = language_for(own, request.headers.get("accept-language", ""))
        times = Times(language, (account.time_zone if account is not None else None) or "UTC", now)
        return Visit(
            request.scope["path"],
            _query(request),
            {name: str(value) for name, value in request.path_params.items()},
            form,
            now,
            self._client(request),
            signed_in,
            Words(language),
            times,
        )

    def _client(self, request: _Request) -> Client:
        peer = request.client.host if request.client else None
        forwarded = request.headers.getall("x-forwarded-for", [])
        device = "".join(one for one in request.headers.get("user-agent", "") if one.isprintable())
        had = secret_in(request.cookies, self._site.is_secure)
        return Client(client_of(peer, forwarded, self._proxies) or "", device[:_LONGEST_DEVICE], had, peer or "")

    def _response(self, answer: Answer, visit: Visit) -> Response[Any]:
        match answer:
            case Page():
                return self._page(answer.template, visit, answer.given, answer.status)
            case Refused():
                given = {"word": answer.word, "values": answer.values}
                return self._page("refused.html", visit, given, answer.status, answer.headers)
            case Moved():
                cookies = None if answer.secret is None else [cookie(answer.secret, self._site.is_secure)]
                headers = {**HEADERS, "Location": answer.to}
                return Response(b"", status_code=HTTPStatus.SEE_OTHER, headers=headers, cookies=cookies)
            case Document():
                headers = {**HEADERS, **answer.headers}
                return Response(answer.content, media_type=answer.media_type, status_code=200, headers=headers)

    def _page(
        self,
        template: str,
        visit: Visit,
        given: Mapping[str, Any],
        status: int,
        headers: Mapping[str, str] | None = None,
    ) -> Response[Any]:
        shown = [one for one in self._navigation if _may_open(visit, one.needs)]
        html = self._pages.written(template, visit, {"navigation": shown, **given})
        return page_response(html, status, headers)


def _may_open(visit: Visit, needs: Any) -> bool:
    return visit.signed_in is not None and (needs is Open.TO_SIGNED_IN or visit.may(needs))


def _query(request: _Request) -> Mapping[str, Sequence[str]]:
    found: dict[str, list[str]] = {}
    for name, value in request.query_params.multi_items():
        # Neither can be in what is looked for, and databases refuse it.
        if "\0" not in value and value.isprintable():
            found.setdefault(name, []).append(value)
    return found


def _asked(request: _Request) -> str:
    query = request.scope["query_string"].decode("latin-1")
    return request.scope["path"] + (f"?{query}" if query else "")
