"""An HTTP server in a thread of its own, so that it answers whatever the rest of the process is doing."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Final

from aiohttp import web

START_SECONDS: Final = 10.0


class AddressError(RuntimeError):
    """The address can't be listened on: which, and why."""


@contextmanager
def serving(application: web.Application, host: str, port: int) -> Iterator[int]:
    """Serve within the block; gives the port, which is a free one where 0 was asked for. Raises AddressError."""
    started: Future[int] = Future()
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()
    thread = threading.Thread(
        target=lambda: loop.run_until_complete(_serve(application, host, port, started, stop)),
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


async def _serve(application: web.Application, host: str, port: int, started: Future[int], stop: asyncio.Event) -> None:
    # No body is decoded: nobody here reads one, and a small one could unfold into a huge one.
    runner = web.AppRunner(
        application, access_log=None, handle_signals=False, shutdown_timeout=1.0, auto_decompress=False
    )
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, host, port).start()
        except OSError as error:
            started.set_exception(error)
            return
        started.set_result(runner.addresses[0][1])
        await stop.wait()
    finally:
        await runner.cleanup()
