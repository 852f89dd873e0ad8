"""The page on which people opt out: GET asks, POST does it (RFC 8058).

Mail scanners fetch every link of a message, so GET and HEAD change nothing. Whoever has a link may use it: that is
what it is for, so there is no login and no cookie. Texts and tokens are in no log.
"""

from __future__ import annotations

import asyncio
from typing import Final

from aiohttp import web

from adapters.web.client_rates import Limit, limiting
from adapters.web.opt_out_pages import POLICY, asking_page, done_page, language_for
from schemas.clock import Clock
from sender.ledger.port import LedgerUnavailableError
from sender.suppressions.opt_out import PATH, OptOutRequest, OptOutTokens, Suppressor

MAX_BODY: Final = 16_384
ANSWER_SECONDS: Final = 30.0
RETRY_AFTER: Final = "300"


AS_A_RULE: Final = Limit()


def opt_out_application(
    tokens: OptOutTokens, suppressor: Suppressor, clock: Clock, limit: Limit = AS_A_RULE
) -> web.Application:
    """The application: `/u/TOKEN`, and `/livez`, which the same loop answers: so it tells whether the page is served.

    Where an opt-out can't be recorded, the answer is 503, so that a mail provider tries again. A client that asks too
    often gets 429.
    """
    endpoint = _Endpoint(tokens, suppressor, clock)
    application = web.Application(client_max_size=MAX_BODY, middlewares=[limiting(limit, PATH)])
    # A GET route answers HEAD too.
    application.add_routes([web.get(PATH + "{token}", endpoint.ask), web.post(PATH + "{token}", endpoint.record)])
    application.add_routes([web.get("/livez", _alive)])
    return application


class _Endpoint:
    def __init__(self, tokens: OptOutTokens, suppressor: Suppressor, clock: Clock) -> None:
        self._tokens = tokens
        self._suppressor = suppressor
        self._clock = clock

    async def ask(self, request: web.Request) -> web.Response:
        wanted = self._wanted(request)
        return _page(asking_page(wanted, _language(wanted, request)))

    async def record(self, request: web.Request) -> web.Response:
        wanted = self._wanted(request)
        # What the body says does not matter: RFC 8058's form, ours, or none; the token says it all.
        now = self._clock.now()
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await asyncio.to_thread(self._suppressor.suppress, wanted.records(now), now)
        except (LedgerUnavailableError, TimeoutError):
            raise web.HTTPServiceUnavailable(
                text="This could not be done just now. Please try again in a few minutes.\n",
                headers={"Retry-After": RETRY_AFTER},
            ) from None
        return _page(done_page(wanted, _language(wanted, request)))

    def _wanted(self, request: web.Request) -> OptOutRequest:
        wanted = self._tokens.read(request.match_info["token"])
        if wanted is None:
            raise web.HTTPNotFound
        return wanted


async def _alive(_request: web.Request) -> web.Response:
    return web.Response(text="ok\n")


def _page(html: str) -> web.Response:
    return web.Response(text=html, content_type="text/html", charset="utf-8", headers=POLICY)


def _language(wanted: OptOutRequest, request: web.Request) -> str:
    return language_for(wanted.language, request.headers.get("Accept-Language", ""))
