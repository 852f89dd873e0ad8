"""An HTTP server in a thread of its own, so that it answers whatever the rest of the process is doing."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Final, cast

from aiohttp import web
from msgspec import Struct

from adapters.web.connections import Connection, Connections, within_limits
from adapters.web.limits import ServerLimits
from schemas.errors import UnusableError

START_SECONDS: Final = 10.0
LIMITS: Final = ServerLimits()


class AddressError(UnusableError, RuntimeError):
    """The address can't be listened on: which, and why."""


class _Place(Struct, frozen=True):
    host: str
    port: int
    limits: ServerLimits


@contextmanager
def serving(application: web.Application, host: str, port: int, limits: ServerLimits = LIMITS) -> Iterator[int]:
    """Serve within the block; gives the port, which is a free one where 0 was asked for. Raises AddressError.

    A request reaches the application once it is whole, within `limits`; its `client_max_size` bounds bodies.
    """
    place = _Place(host, port, limits)
    started: Future[int] = Future()
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()
    thread = threading.Thread(
        target=lambda: loop.run_until_complete(_serve(application, place, started, stop)),
        name=f"http-{port}",
        daemon=True,
    )
    thread.start()
    try:
        yield started.result(START_SECONDS)
    except OSError as error:
        if not started.done() or started.exception() is not error:
            raise
        raise AddressError(f"{host}:{port} can't be listened on: {error.strerror or error}") from error
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(START_SECONDS)
        loop.close()


async def _serve(application: web.Application, place: _Place, started: Future[int], stop: asyncio.Event) -> None:
    application.middlewares.insert(0, within_limits)
    runner = web.AppRunner(application, access_log=None, handle_signals=False, shutdown_timeout=1.0)
    await runner.setup()
    loop = asyncio.get_running_loop()
    connections = Connections(place.limits)
    looking = loop.create_task(connections.look_after())
    try:
        parser = cast(web.Server, runner.server)
        try:
            server = await loop.create_server(
                lambda: Connection(parser, connections, loop), place.host, place.port, backlog=place.limits.backlog
            )
        except OSError as error:
            started.set_exception(error)
            return
        started.set_result(server.sockets[0].getsockname()[1])
        await stop.wait()
        server.close()
    finally:
        looking.cancel()
        await runner.cleanup()
        await connections.end()
