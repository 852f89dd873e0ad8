"""The page on which people opt out: GET asks, POST does it (RFC 8058).

Mail scanners fetch every link of a message, so GET and HEAD change nothing. Whoever has a link may use it: that is
what it is for, so there is no login and no cookie. Texts and tokens are in no log.
"""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Any, Final

from litestar import HttpMethod, Litestar, MediaType, Request, Response, Router, route
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

from adapters.web.application import application
from adapters.web.client_rates import Limit, Limiting
from adapters.web.operations import alive
from adapters.web.opt_out_pages import POLICY, asking_page, done_page, language_for
from adapters.web.whole_requests import BODY_UNREAD
from schemas.clock import Clock
from sender.ledger.port import LedgerUnavailableError
from sender.suppressions.opt_out import PATH, OptOutRequest, OptOutTokens, Suppressor

MAX_BODY: Final = 16_384
ANSWER_SECONDS: Final = 30.0
RETRY_AFTER: Final = "300"


AS_A_RULE: Final = Limit()


def opt_out_application(
    tokens: OptOutTokens, suppressor: Suppressor, clock: Clock, limit: Limit = AS_A_RULE
) -> Litestar:
    """The pages by themselves, beside `/livez`."""
    return application([opt_out(tokens, suppressor, clock, limit), alive()])


def opt_out(tokens: OptOutTokens, suppressor: Suppressor, clock: Clock, limit: Limit = AS_A_RULE) -> Router:
    """A part of an application: `/u/TOKEN`.

    Where an opt-out can't be recorded, the answer is 503, so that a mail provider tries again. A client that asks too
    often gets 429.
    """

    def wanted_by(token: str) -> OptOutRequest:
        wanted = tokens.read(token)
        if wanted is None:
            raise NotFoundException
        return wanted

    @route("/{token:str}", http_method=(HttpMethod.GET, HttpMethod.HEAD))
    async def ask(token: FromPath[str], request: Request[Any, Any, Any]) -> Response[str]:
        wanted = wanted_by(token)
        return _page(asking_page(wanted, _language(wanted, request)))

    @route("/{token:str}", http_method=HttpMethod.POST, opt={BODY_UNREAD: True})
    async def record(token: FromPath[str], request: Request[Any, Any, Any]) -> Response[str]:
        wanted = wanted_by(token)
        # What the body says does not matter: RFC 8058's form, ours, or none; the token says it all.
        now = clock.now()
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await asyncio.to_thread(suppressor.suppress, wanted.records(now), now)
        except (LedgerUnavailableError, TimeoutError):
            return Response(
                "This could not be done just now. Please try again in a few minutes.\n",
                media_type=MediaType.TEXT,
                status_code=HTTPStatus.SERVICE_UNAVAILABLE,
                headers={"Retry-After": RETRY_AFTER},
            )
        return _page(done_page(wanted, _language(wanted, request)))

    return Router(PATH, route_handlers=[ask, record], middleware=[Limiting(limit)], request_max_body_size=MAX_BODY)


def _page(html: str) -> Response[str]:
    return Response(html, media_type=MediaType.HTML, status_code=HTTPStatus.OK, headers=dict(POLICY))


def _language(wanted: OptOutRequest, request: Request[Any, Any, Any]) -> str:
    return language_for(wanted.language, request.headers.get("Accept-Language", ""))
