"""The routes of the console. Each names who may open it; one that does not can't be registered."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from enum import Enum
from typing import Any, Final

from litestar import HttpMethod, Request, Response, Router, route
from litestar.handlers import HTTPRouteHandler
from msgspec import Struct

from adapters.web.client_rates import Limiting
from adapters.web.console.answers import Answer
from adapters.web.console.visit import Visit
from adapters.web.whole_requests import is_litestars_own
from console.people.roles import Permission

BASE: Final = "/console"
NEEDS: Final = "console_needs"
"""The key of a route's `opt` that says who may open it."""

MAX_FORM: Final = 256 * 1024
"""Bytes of a form: a rule file can be pasted into one."""


class Open(Enum):
    """Who may open a route that needs no permission. There is no default."""

    TO_ALL = "to_all"
    TO_SIGNED_IN = "to_signed_in"


Needs = Permission | Open


class Screen(Struct, frozen=True):
    """A route: its path below the console's, who may open it, and what answers.

    `answer` may block: it is called in a thread. Where it `is_slow`, as passwords are hashed, few run at once.
    """

    path: str
    needs: Needs
    answer: Callable[[Visit], Answer]
    is_post: bool = False
    is_slow: bool = False


class UnguardedRouteError(RuntimeError):
    """A route does not say who may open it: a slip in the code."""


Guarded = Callable[[Screen, Request[Any, Any, Any]], Awaitable[Response[Any]]]
"""Answers a request for a screen, if it may be answered."""


def router(screens: Sequence[Screen], guarded: Guarded, limiting: Limiting) -> Router:
    """The part of an application with these screens. Raises UnguardedRouteError."""
    handlers = [_handler(one, guarded) for one in screens]
    return sealed(Router(BASE, route_handlers=handlers, middleware=[limiting], request_max_body_size=MAX_FORM))


def sealed(part: Router) -> Router:
    """The router, if each of its routes says who may open it. Raises UnguardedRouteError."""
    for one in part.routes:
        for handler in getattr(one, "route_handlers", ()):
            if not is_litestars_own(handler) and not isinstance(handler.opt.get(NEEDS), Permission | Open):
                raise UnguardedRouteError(f"{one.path} does not say who may open it")
    return part


def _handler(screen: Screen, guarded: Guarded) -> HTTPRouteHandler:
    if not isinstance(screen.needs, Permission | Open):
        raise UnguardedRouteError(f"{screen.path} does not say who may open it")

    async def answer(request: Request[Any, Any, Any]) -> Response[Any]:
        return await guarded(screen, request)

    methods = [HttpMethod.POST] if screen.is_post else [HttpMethod.GET, HttpMethod.HEAD]
    opt = {NEEDS: screen.needs}
    return route(screen.path, http_method=methods, include_in_schema=False, status_code=200, opt=opt)(answer)
