"""Requests reach a route once their body is whole, within the bounds of the route and of all bodies together."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final, cast

from litestar.enums import ScopeType
from litestar.exceptions import HTTPException, MethodNotAllowedException
from litestar.handlers import BaseRouteHandler, HTTPRouteHandler
from litestar.middleware import ASGIMiddleware
from litestar.routes import HTTPRoute
from litestar.types import ASGIApp, HTTPReceiveMessage, Receive, Scope, Send

MOST_HELD: Final = 64 * 1_048_576
"""Bytes of all bodies that are in memory at once."""


BODY_UNREAD: Final = "body_unread"
"""The key of a route's `opt` for one that never looks at the body: it takes any coding of it."""


class WholeRequests(ASGIMiddleware):
    """Passes a request on once its body is whole. A body that is too large is refused before anything works on it."""

    scopes = (ScopeType.HTTP,)

    def __init__(self, most_held: int = MOST_HELD) -> None:
        self._most_held = most_held
        self._held = 0

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """See ASGIMiddleware."""
        handler = cast(HTTPRouteHandler, scope["route_handler"])
        if is_litestars_own(handler):
            raise MethodNotAllowedException
        if BODY_UNREAD not in handler.opt:
            _refuse_coded(scope)
        body = bytearray()
        try:
            if await self._read(body, receive, handler.resolve_request_max_body_size()):
                await next_app(scope, _again(bytes(body), receive), send)
        finally:
            self._held -= len(body)

    async def _read(self, body: bytearray, receive: Receive, most: int | None) -> bool:
        """Read the whole body; False where its client is gone. It raises HTTPException where it is too large."""
        while True:
            message = await receive()
            if message["type"] != "http.request":
                return False
            part = message["body"]
            body += part
            self._held += len(part)
            if most is not None and len(body) > most:
                raise HTTPException(status_code=HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
            if self._held > self._most_held:
                raise HTTPException(status_code=HTTPStatus.SERVICE_UNAVAILABLE, headers={"Retry-After": "1"})
            if not message["more_body"]:
                return True


def _refuse_coded(scope: Scope) -> None:
    """Bodies are read as they come: what is compressed says nothing of how large it is (RFC 9110, section 15.5.16)."""
    coded = (value.strip().lower() for name, value in scope["headers"] if name.lower() == b"content-encoding")
    if any(value not in (b"", b"identity") for value in coded):
        status = HTTPStatus.UNSUPPORTED_MEDIA_TYPE
        raise HTTPException(status_code=status, headers={"Accept-Encoding": "identity"})


def is_litestars_own(handler: BaseRouteHandler) -> bool:
    """Whether it answers OPTIONS on a path for which no part has a route for it: Litestar adds one to each path."""
    return handler.fn.__module__ == HTTPRoute.__module__


def _again(body: bytes, receive: Receive) -> Receive:
    """Give a body that has been read, then whatever comes behind it."""
    messages = iter([cast(HTTPReceiveMessage, {"type": "http.request", "body": body, "more_body": False})])

    async def received() -> HTTPReceiveMessage:
        return next(messages, None) or cast(HTTPReceiveMessage, await receive())

    return cast(Receive, received)
