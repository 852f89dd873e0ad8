"""Puts an application together from its parts: each part is a router, with its paths and the largest body it takes."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, Final, cast

import structlog
from litestar import Litestar, MediaType, Request, Response, Router
from litestar.enums import ScopeType
from litestar.exceptions import HTTPException, MethodNotAllowedException, NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, HTTPReceiveMessage, HTTPScope, Method, Receive, Scope, Send

from adapters.web.answers import phrase

log = structlog.get_logger()

MAX_BODY: Final = 1024
"""Bytes of a request's body, where a part does not say otherwise."""

_METHODS: Final[Sequence[Method]] = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")


def application(parts: Sequence[Router]) -> Litestar:
    """What a server serves. A part's `request_max_body_size` bounds the bodies of its requests.

    Errors are answered by what their status says and nothing else, unless the part answers its own.
    """
    return Litestar(
        route_handlers=[*parts],
        middleware=[WholeRequests()],
        exception_handlers={
            MethodNotAllowedException: _method_not_allowed,
            HTTPException: _refused,
            Exception: _failed,
        },
        request_max_body_size=MAX_BODY,
        openapi_config=None,
        logging_config=None,
    )


class WholeRequests(ASGIMiddleware):
    """Passes a request on once its body is whole. A body that is too large is refused before anything works on it."""

    scopes = (ScopeType.HTTP,)

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """See ASGIMiddleware."""
        handler = cast(HTTPRouteHandler, scope["route_handler"])
        if cast(HTTPScope, scope)["method"] == "OPTIONS" and handler.fn.__name__ == "options_handler":
            # Litestar's own, on each path. Where a part wants to be asked so, it has a route for it.
            raise MethodNotAllowedException
        body = await _body(receive, handler.resolve_request_max_body_size())
        if body is None:
            return
        messages = iter([cast(HTTPReceiveMessage, {"type": "http.request", "body": body, "more_body": False})])

        async def received() -> HTTPReceiveMessage:
            return next(messages, None) or cast(HTTPReceiveMessage, await receive())

        await next_app(scope, received, send)


async def _body(receive: Receive, most: int | None) -> bytes | None:
    """The whole body; None where its client is gone. It raises HTTPException where it is too large."""
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return None
        body += message["body"]
        if most is not None and len(body) > most:
            raise HTTPException(status_code=HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        if not message["more_body"]:
            return bytes(body)


def plain(status: int, **headers: str) -> Response[str]:
    """An answer that says what its status says."""
    return Response(phrase(status), media_type=MediaType.TEXT, status_code=status, headers=headers)


def _refused(_request: Request[Any, Any, Any], error: HTTPException) -> Response[str]:
    # The words of the error may repeat what was asked.
    return plain(error.status_code, **(error.headers or {}))


def _method_not_allowed(request: Request[Any, Any, Any], _error: HTTPException) -> Response[str]:
    """RFC 9110, section 15.5.6: which methods there are is told."""
    allowed = [method for method in _METHODS if _has(request, method)]
    return plain(HTTPStatus.METHOD_NOT_ALLOWED, Allow=", ".join(allowed))


def _has(request: Request[Any, Any, Any], method: Method) -> bool:
    try:
        request.app.asgi_router.handle_routing(path=request.scope["path"], method=method)
    except (MethodNotAllowedException, NotFoundException):
        return False
    return True


def _failed(_request: Request[Any, Any, Any], error: Exception) -> Response[str]:
    log.error("http_request_failed", exc_info=error)
    return plain(HTTPStatus.INTERNAL_SERVER_ERROR)
