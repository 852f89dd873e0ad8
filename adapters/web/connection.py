"""One connection of an HTTP server, held to the server's limits.

uvicorn's protocol reads requests, by h11, and writes answers. It leaves some protection to a proxy in front, and there
need not be one. So here whatever takes too long is ended, and no answer repeats the request or names the server.
"""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import TYPE_CHECKING

import structlog
from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from adapters.web.answers import last_answer, with_headers
from adapters.web.connections import Connections
from adapters.web.limits import ServerLimits

if TYPE_CHECKING:
    from uvicorn._types import ASGIReceiveCallable, ASGIReceiveEvent, ASGISendCallable, ASGISendEvent, HTTPScope, Scope

log = structlog.get_logger()


class Connection(H11Protocol):
    """uvicorn's protocol, which tells Connections what it does.

    A connection waits for a request, reads it, answers it, and waits again. One timer runs at a time, for the step that
    it is at; where it ends, so does the connection.
    """

    def __init__(self, config: Config, state: ServerState, connections: Connections) -> None:
        super().__init__(config, state, {})
        self.address = ""
        self._application, self.app = self.app, self._exchange
        self._among = connections
        self._timer: asyncio.TimerHandle | None = None
        self._has_refused = False
        """Its last answer was given without the application; what still comes is dropped."""

    @property
    def limits(self) -> ServerLimits:
        """Those of the server."""
        return self._among.limits

    @property
    def _has_cycle(self) -> bool:
        """Whether there was a request yet: `cycle` is what uvicorn keeps of the latest."""
        return bool(self.cycle)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn's
        """See asyncio.Protocol."""
        self._among.pace.keep()
        super().connection_made(transport)
        self.address = str((transport.get_extra_info("peername") or [""])[0])
        if self._among.opened(self, self.loop.time()):
            self._within(self.limits.waiting)
        else:
            self._has_refused = True
            transport.write(last_answer(HTTPStatus.SERVICE_UNAVAILABLE, Retry_After="1"))
            transport.close()

    def data_received(self, data: bytes) -> None:
        """See asyncio.Protocol."""
        self._among.pace.keep()
        if not self._has_refused:
            super().data_received(data)

    def resume_writing(self) -> None:
        """See asyncio.Protocol."""
        super().resume_writing()
        if self._has_cycle and self.cycle.response_complete:
            self._has_answered()

    def connection_lost(self, exc: Exception | None) -> None:
        """See asyncio.Protocol."""
        self._among.closed(self)
        self._within(None)
        super().connection_lost(exc)

    def on_response_complete(self) -> None:
        """The application has said all; uvicorn goes on with the next request, where it is here already."""
        super().on_response_complete()
        # What is still to be taken by the client counts as a part of the exchange.
        if not self.transport.is_closing() and not self.flow.write_paused:
            self._has_answered()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - whoever errs is told nothing of how it is read
        """Answer what can't be parsed."""
        self.refuse(HTTPStatus.BAD_REQUEST)

    def shutdown(self) -> None:
        """The server stops: finish what is under way, and nothing else."""
        if not self._has_cycle or self.cycle.response_complete or self._has_refused:
            self.abort()
        else:
            super().shutdown()

    def refuse(self, status: HTTPStatus) -> None:
        """Answer in the place of the application, for the last time."""
        self._has_refused = True
        if self._has_cycle:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
            if self.cycle.response_started and not self.cycle.response_complete:
                self.abort()
        if not self.transport.is_closing():
            self._among.waits(self)
            self.transport.write(last_answer(status))
            # A connection that is closed while its client sends is reset, and the answer may be lost with it.
            self.transport.write_eof()
            self._within(self.limits.lingering)

    def abort(self) -> None:
        """End it at once, whatever has yet to be sent."""
        self._among.closed(self)
        self.transport.abort()

    def _has_answered(self) -> None:
        is_whole = not self.cycle.more_body
        self._within(self.limits.waiting if is_whole else self.limits.lingering)

    def _within(self, seconds: float | None) -> None:
        """The next step has to be reached within that time."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None if seconds is None else self.loop.call_later(seconds, self.abort)

    async def _exchange(self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        """One request, whose head has been read, and its answer: the application, as the protocol knows it."""
        self._within(self.limits.exchange)
        if scope["type"] != "http":
            raise TypeError("this server speaks HTTP alone")
        fault = _fault(scope, self.limits)
        if fault is not None:
            self.refuse(fault)
            return

        async def answer(event: ASGISendEvent) -> None:
            if event["type"] == "http.response.start":
                # From here on the time depends on the client, which has to take the answer: it may make room.
                self._among.waits(self)
                event = {**event, "headers": with_headers(event.get("headers", []))}
            await send(event)

        try:
            await self._application(scope, self._receiving(receive), answer)
        except Exception:
            log.exception("http_request_failed")
            self.refuse(HTTPStatus.INTERNAL_SERVER_ERROR)

    def _receiving(self, receive: ASGIReceiveCallable) -> ASGIReceiveCallable:
        """How the application gets the body: in time. Once it is whole, nothing ends the request to make room."""
        until, is_whole = self.loop.time() + self.limits.body, False

        async def received() -> ASGIReceiveEvent:
            nonlocal is_whole
            if is_whole:
                return await receive()
            try:
                async with asyncio.timeout_at(until):
                    event = await receive()
            except TimeoutError:
                self.refuse(HTTPStatus.REQUEST_TIMEOUT)
                return {"type": "http.disconnect"}
            if event["type"] == "http.request" and not event.get("more_body"):
                is_whole = True
                self._among.works(self)
            return event

        return received


def _fault(scope: HTTPScope, limits: ServerLimits) -> HTTPStatus | None:
    """What is wrong with the head of a request."""
    fields = [*scope["headers"]]
    line = len(scope["method"]) + len(scope["raw_path"]) + len(scope["query_string"])
    if line > limits.line or len(fields) > limits.fields or any(len(a) + len(b) > limits.field for a, b in fields):
        return HTTPStatus.BAD_REQUEST
    if {b"content-length", b"transfer-encoding"} <= {name for name, _ in fields}:
        # RFC 9112, section 6.3: whoever sends both may want to have a proxy see another request than we do.
        return HTTPStatus.BAD_REQUEST
    if any(name == b"expect" and value.lower() != b"100-continue" for name, value in fields):
        return HTTPStatus.EXPECTATION_FAILED
    return None
