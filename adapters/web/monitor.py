"""What an HTTP server tells of itself: connections that it had no room for, work that it turned away, and answers."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final, Protocol

from litestar.enums import ScopeType
from litestar.exceptions import HTTPException
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Message, Receive, ReceiveMessage, Scope, Send

TO: Final = "monitored_as"
"""The key of a route's `opt` whose value says by which name its requests are told: a function of the scope."""

NameOf = Callable[[Scope], str]


class ConnectionMonitor(Protocol):
    """Told of connections, in the server's own thread."""

    def connection_refused(self) -> None:
        """There was no room for a connection, and none could be made."""

    def connection_ended(self) -> None:
        """A connection that waited was ended, to make room for another one."""


class RequestMonitor(Protocol):
    """Told of requests, in the server's own thread."""

    def work_refused(self, code: str) -> None:
        """A request was turned away, since there was too much work, or its work took too long."""

    def answered(self, to: str, status: int, seconds: float) -> None:
        """A request to a route of this name was answered, so many seconds after its head or body was whole."""


class SeesNothing:
    """Both, where nobody is told."""

    def connection_refused(self) -> None:
        """See ConnectionMonitor."""

    def connection_ended(self) -> None:
        """See ConnectionMonitor."""

    def work_refused(self, code: str) -> None:
        """See RequestMonitor."""

    def answered(self, to: str, status: int, seconds: float) -> None:
        """See RequestMonitor."""


SEES_NOTHING: Final = SeesNothing()


class Monitoring(ASGIMiddleware):
    """Tells how requests to routes with a name are answered. `clock` gives seconds."""

    scopes = (ScopeType.HTTP,)

    def __init__(self, monitor: RequestMonitor, clock: Callable[[], float] = time.monotonic) -> None:
        self._monitor = monitor
        self._clock = clock

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """See ASGIMiddleware."""
        name_of: NameOf | None = scope["route_handler"].opt.get(TO)
        if name_of is None:
            await next_app(scope, receive, send)
            return
        since = self._clock()

        def tell(status: int) -> None:
            self._monitor.answered(name_of(scope), status, self._clock() - since)

        async def received() -> ReceiveMessage:
            nonlocal since
            message = await receive()
            # How slowly a client sends says nothing of how quickly it is answered.
            since = self._clock()
            return message

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                tell(message["status"])
            await send(message)

        try:
            await next_app(scope, received, sent)
        except HTTPException as error:
            # It is made an answer of further out.
            tell(error.status_code)
            raise
