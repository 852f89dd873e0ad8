"""An HTTP server in a thread of its own, so that it answers whatever the rest of the process is doing."""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from math import ceil
from typing import TYPE_CHECKING, Final, cast

import uvicorn

from adapters.web.connection import Connection
from adapters.web.connections import Connections
from adapters.web.errors import AddressError
from adapters.web.limits import ServerLimits
from adapters.web.monitor import SEES_NOTHING, ConnectionMonitor

if TYPE_CHECKING:
    from litestar.types import ASGIApp
    from uvicorn._types import ASGI3Application

START_SECONDS: Final = 10.0
LIMITS: Final = ServerLimits()


@contextmanager
def serving(
    application: ASGIApp,
    host: str,
    port: int,
    limits: ServerLimits = LIMITS,
    monitor: ConnectionMonitor = SEES_NOTHING,
) -> Iterator[int]:
    """Serve within the block; gives the port, which is a free one where 0 was asked for. Raises AddressError."""
    loop = asyncio.new_event_loop()
    server = _Server(application, (host, port), limits, monitor)
    thread = threading.Thread(
        target=lambda: loop.run_until_complete(server.run_within()), name=f"http-{port}", daemon=True
    )
    thread.start()
    try:
        yield server.bound.result(START_SECONDS)
    except OSError as error:
        if not server.bound.done() or server.bound.exception() is not error:
            raise
        why = error.strerror or error
        raise AddressError(f"{host}:{port} can't be listened on: {why}", (host, port)) from error
    finally:
        loop.call_soon_threadsafe(server.stop.set)
        thread.join(START_SECONDS + limits.stopping)
        loop.close()


class _Server(uvicorn.Server):
    """uvicorn's server, whose connections are ours. `bound` gives the port, or the OSError that prevented it."""

    def __init__(
        self, application: ASGIApp, address: tuple[str, int], limits: ServerLimits, monitor: ConnectionMonitor
    ) -> None:
        host, port = address
        super().__init__(
            uvicorn.Config(
                cast("ASGI3Application", application),
                host=host,
                port=port,
                interface="asgi3",
                lifespan="off",
                ws="none",
                proxy_headers=False,
                server_header=False,
                access_log=False,
                log_config=None,
                log_level=logging.CRITICAL,  # what there is to say is said in our own log
                backlog=limits.backlog,
                h11_max_incomplete_event_size=limits.head,
                timeout_keep_alive=ceil(limits.waiting),
                timeout_graceful_shutdown=ceil(limits.stopping),
            )
        )
        self.bound: Future[int] = Future()
        self.stop = asyncio.Event()
        self._limits = limits
        self._monitor = monitor

    async def run_within(self) -> None:
        """Serve until `stop`."""
        try:
            await self.serve()
        except OSError as error:
            if self.bound.done():
                raise
            self.bound.set_exception(error)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:  # noqa: ARG002 - it makes its own
        """Listen."""
        loop = asyncio.get_running_loop()
        self._connections = Connections(self._limits, self._monitor)
        server = await loop.create_server(
            lambda: Connection(self.config, self.server_state, self._connections),
            self.config.host,
            self.config.port,
            backlog=self.config.backlog,
        )
        self.servers = [server]
        self.started = True
        self.bound.set_result(server.sockets[0].getsockname()[1])

    async def main_loop(self) -> None:
        """Serve until `stop`; each second the time of the header field Date is set."""
        while not self.stop.is_set():
            await self.on_tick(0)
            with suppress(TimeoutError):
                await asyncio.wait_for(self.stop.wait(), 1.0)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Finish what is under way, then end whatever is left."""
        await super().shutdown(sockets)
        await self._connections.end()
