"""The connections of an HTTP server, held to its limits.

aiohttp reads the requests. It leaves some protection to a proxy in front, and there need not be one. So the number of
connections is bounded here, those that take too long are ended, and no answer repeats the request or names the server.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any, Final, cast

import structlog
from aiohttp import web

from adapters.web.limits import Pace, ServerLimits

log = structlog.get_logger()

HEADERS: Final[Mapping[str, str]] = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'",
    "Referrer-Policy": "no-referrer",
    "Server": "tocsin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex, nofollow",
}
"""Of every answer, unless it has its own: nothing of it is kept, framed, found or told to other sites."""

_BUSY: Final = b"HTTP/1.1 503 Service Unavailable\r\n%s\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n" % "\r\n".join(
    f"{name}: {value}" for name, value in [*HEADERS.items(), ("Connection", "close")]
).encode("ascii")
_TELL_AGAIN: Final = 60.0
_CLIENTS_FAULT: Final = range(400, 500)


class Connections:
    """All open connections of a server. It belongs to the thread of the server's loop."""

    def __init__(self, limits: ServerLimits) -> None:
        self.limits = limits
        self.pace = Pace(limits.processor)
        self._most = limits.within_descriptors()
        self._open: dict[Connection, None] = {}
        self._waiting: dict[str, dict[Connection, None]] = {}
        """Those whose request is not being answered, by address; of each, whoever has waited longest stands first."""
        self._told = float("-inf")

    def opened(self, one: Connection, now: float) -> bool:
        """Take in a connection. Where there are too many, one that waits is ended for it; False where none waits."""
        if len(self._open) >= self._most:
            self._tell(now)
            if not self._waiting:
                return False
            # The address with the most connections loses the one that has waited longest. So nobody shuts others out,
            # and the newest connections stay, which are the likeliest to ask something.
            most = max(self._waiting, key=lambda address: len(self._waiting[address]))
            next(iter(self._waiting[most])).abort()
        self._open[one] = None
        self.waits(one)
        return True

    def waits(self, one: Connection) -> None:
        """No request of this connection is being answered, so that it may be ended to make room."""
        if one in self._open:
            self._waiting.setdefault(one.address, {})[one] = None

    def works(self, one: Connection) -> None:
        """A request of this connection is being answered, or it is closed."""
        of_address = self._waiting.get(one.address, {})
        of_address.pop(one, None)
        if not of_address:
            self._waiting.pop(one.address, None)

    def closed(self, one: Connection) -> None:
        """It is gone."""
        self._open.pop(one, None)
        self.works(one)

    async def end(self) -> None:
        """End all that are left, and those that were just accepted."""
        for _ in range(3):
            for one in [*self._open]:
                one.abort()
            await asyncio.sleep(0)

    async def look_after(self) -> None:
        """End connections that have outlived their time, until this is cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(self.limits.look)
            for one in [one for one in self._open if one.is_overdue(loop.time())]:
                one.abort()

    def _tell(self, now: float) -> None:
        if now - self._told >= _TELL_AGAIN:
            self._told = now
            log.warning("http_connections_at_limit", connections=self._most, addresses=len(self._waiting))


class Connection(web.RequestHandler):
    """One connection: aiohttp's protocol, which tells Connections what it does."""

    def __init__(self, server: web.Server, connections: Connections, loop: asyncio.AbstractEventLoop) -> None:
        limits = connections.limits
        super().__init__(
            server,
            loop=loop,
            # It runs from the opening and from each answer until the next head is whole: also while bytes trickle in.
            keepalive_timeout=limits.waiting,
            lingering_time=limits.lingering,
            max_line_size=limits.line,
            max_field_size=limits.field,
            max_headers=limits.fields,
            auto_decompress=False,  # a small body could unfold into a huge one
            access_log=cast(Any, None),
        )
        self.address = ""
        self._connections = connections
        self._clock = loop.time
        self._wire: asyncio.Transport | None = None
        self._since: float | None = None
        """When it was first seen to close, or the request under way began."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio.Protocol."""
        self._connections.pace.keep()
        self._wire = cast(asyncio.Transport, transport)
        self.address = str((transport.get_extra_info("peername") or [""])[0])
        super().connection_made(transport)
        if not self._connections.opened(self, self._clock()):
            self._wire.write(_BUSY)
            self.force_close()

    def data_received(self, data: bytes) -> None:
        """See asyncio.Protocol."""
        self._connections.pace.keep()
        super().data_received(data)

    def connection_lost(self, exc: BaseException | None) -> None:
        """See asyncio.Protocol."""
        self._connections.closed(self)
        super().connection_lost(exc)

    @property
    def limits(self) -> ServerLimits:
        """Those of the server."""
        return self._connections.limits

    def begins(self) -> None:
        """The head of a request has been read. The time that its body takes counts against its client."""
        self._since = self._clock()

    def works(self) -> None:
        """The request is whole, and being answered: nothing may end it to make room."""
        self._connections.works(self)

    async def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        """Send an answer, whoever made it: a route, aiohttp where no route fits, or aiohttp's parser."""
        if isinstance(resp, web.HTTPException) and resp.status in _CLIENTS_FAULT:
            # aiohttp's own words may repeat what was asked.
            resp.text = phrase(resp.status)
        for name, value in HEADERS.items():
            resp.headers.setdefault(name, value)
        # From here on the time depends on the client, which has to take the answer: it may be ended to make room.
        self._connections.waits(self)
        try:
            return await super().finish_response(request, resp, start_time)
        finally:
            self._since = None

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002 - it repeats what was asked
    ) -> web.StreamResponse:
        """Answer what can't be parsed, or what a route did not foresee."""
        if status not in _CLIENTS_FAULT:
            log.error("http_request_failed", exc_info=exc)
        if request.writer.output_size > 0:
            raise ConnectionError("a part of another answer has been sent")
        answer = web.Response(status=status, text=phrase(status))
        answer.force_close()
        return answer

    def is_overdue(self, now: float) -> bool:
        """Whether its request, or what it still has to send as it closes, has taken too long."""
        if self._since is None and self._wire is not None and self._wire.is_closing():
            self._since = now
        return self._since is not None and now - self._since > self.limits.exchange

    def abort(self) -> None:
        """End it at once, whatever has yet to be sent."""
        self._connections.closed(self)
        if self._wire is not None:
            self._wire.abort()


def phrase(status: int) -> str:
    """An answer's text that says what its status says."""
    return f"{HTTPStatus(status).phrase}\n"


@web.middleware
async def within_limits(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Pass a request on once its body is whole. A body that is slow or large is refused before anything works on it."""
    connection = request.protocol
    if not isinstance(connection, Connection):
        raise TypeError("this server is to be run by adapters.web.serving")
    connection.begins()
    # Without a route nobody reads the body.
    if request.match_info.http_exception is None:
        try:
            async with asyncio.timeout(connection.limits.body):
                await request.read()
        except TimeoutError:
            return _last(HTTPStatus.REQUEST_TIMEOUT)
        except web.HTTPRequestEntityTooLarge:
            return _last(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        except (web.PayloadAccessError, web.RequestPayloadError, ConnectionError):
            # Of a connection that was ended meanwhile, nobody reads the answer; it is no fault of a route.
            return _last(HTTPStatus.BAD_REQUEST)
    connection.works()
    return await handler(request)


def _last(status: HTTPStatus) -> web.Response:
    answer = web.Response(status=status, text=phrase(status))
    answer.force_close()
    return answer
