"""Puts an application together from its parts: each part is a router, with its paths and the largest body it takes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from http import HTTPStatus
from string import ascii_letters, digits
from typing import Any, Final

import structlog
from litestar import Litestar, MediaType, Request, Response, Router
from litestar.enums import ScopeType
from litestar.exceptions import HTTPException, MethodNotAllowedException, NotFoundException
from litestar.types import Method, Receive, Scope, Send

from adapters.web.answers import phrase
from adapters.web.monitor import SEES_NOTHING, Monitoring, RequestMonitor
from adapters.web.problems import API, problem
from adapters.web.tokens import Authorizing, Tokens
from adapters.web.whole_requests import WholeRequests, is_litestars_own
from adapters.web.workers import CODE

log = structlog.get_logger()

MAX_BODY: Final = 1024
"""Bytes of a request's body, where a part does not say otherwise."""

NO_TOKENS: Final = Tokens(())

_METHODS: Final[Sequence[Method]] = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")

_Request = Request[Any, Any, Any]
_Response = Response[str] | Response[bytes]


class _Application(Litestar):
    """Routes a path with most of its escapes unread: an id in it may hold a slash (`%2F`, RFC 3986, section 2.2).

    That is for the API alone; its routes read the escapes by `asking.read_path`.
    """

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # type: ignore[override] # as Litestar
        if scope["type"] == ScopeType.HTTP and scope["path"].startswith(API):
            scope["path"] = _with_slashes_escaped(scope["raw_path"].partition(b"?")[0])
        await super().__call__(scope, receive, send)


_PLAIN: Final = re.compile(
    b"%%(%s)" % b"|".join(b"%02x" % ord(one) for one in f"{ascii_letters}{digits}-._~:@!$&'()*+,;="), re.IGNORECASE
)
"""Escapes that mean the same as what they stand for: unreserved characters, and those that a path may hold as they are
(RFC 3986, section 3.3). Some clients write `%3A` for a colon."""


def _with_slashes_escaped(raw: bytes) -> str:
    return _PLAIN.sub(lambda found: bytes([int(found[1], 16)]), raw).decode("latin-1")


def application(
    parts: Sequence[Router], tokens: Tokens = NO_TOKENS, monitor: RequestMonitor = SEES_NOTHING
) -> Litestar:
    """What a server serves. A part's `request_max_body_size` bounds the bodies of its requests.

    A route whose `opt` has `tokens.NEEDS` is for those who have a token with that scope. Errors are answered by what
    their status says and nothing else; below `/v1/` as problem details, unless a part answers its own.
    """
    return _Application(
        route_handlers=[*parts],
        middleware=[Monitoring(monitor), Authorizing(tokens), WholeRequests()],
        exception_handlers={
            MethodNotAllowedException: _method_not_allowed,
            HTTPException: _refused,
            Exception: _failed,
        },
        request_max_body_size=MAX_BODY,
        openapi_config=None,
        logging_config=None,
    )


def _said(request: _Request, status: int, headers: dict[str, str] | None = None, code: str | None = None) -> _Response:
    # Never the words of an error: they may repeat what was asked.
    if request.scope["path"].startswith(API):
        return problem(status, code, headers=headers)
    return Response(phrase(status), media_type=MediaType.TEXT, status_code=status, headers=headers)


def _refused(request: _Request, error: HTTPException) -> _Response:
    code = error.extra.get(CODE) if isinstance(error.extra, dict) else None
    return _said(request, error.status_code, error.headers, code)


def _method_not_allowed(request: _Request, _error: HTTPException) -> _Response:
    """RFC 9110, section 15.5.6: which methods there are is told."""
    allowed = [method for method in _METHODS if _has(request, method)]
    return _said(request, HTTPStatus.METHOD_NOT_ALLOWED, {"Allow": ", ".join(allowed)})


def _has(request: _Request, method: Method) -> bool:
    try:
        _, handler, *_ = request.app.asgi_router.handle_routing(path=request.scope["path"], method=method)
    except (MethodNotAllowedException, NotFoundException):
        return False
    return not is_litestars_own(handler)


def _failed(request: _Request, error: Exception) -> _Response:
    log.error("http_request_failed", exc_info=error)
    return _said(request, HTTPStatus.INTERNAL_SERVER_ERROR)
