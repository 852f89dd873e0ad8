"""Whoever asks an HTTP server over a plain socket, in whatever way; and routes for what it does then."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Final

from aiohttp import web

from adapters.web.limits import ServerLimits
from adapters.web.serving import serving

LARGE: Final = 32_000_000
"""Bytes of an answer that no buffer of the system takes."""
SHORT: Final = 0.15
LONG: Final = 20.0
GET: Final = b"GET /livez HTTP/1.1\r\nHost: a\r\n\r\n"


class Routes:
    """An application with a route that waits, one that reads, one that fails and one with much to say."""

    def __init__(self) -> None:
        self.may_answer = threading.Event()
        self._begun = threading.Semaphore(0)
        self.read: list[int] = []
        self.application = web.Application(client_max_size=1_000)
        self.application.add_routes(
            [
                web.get("/livez", self._alive),
                web.get("/waits", self._waits),
                web.get("/large", self._large),
                web.get("/fails", self._fails),
                web.post("/read", self._read),
            ]
        )

    async def _alive(self, _request: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    def wait_for(self, number: int) -> None:
        """Until so many requests are under way on the route that waits."""
        for _ in range(number):
            assert self._begun.acquire(timeout=LONG)

    async def _waits(self, _request: web.Request) -> web.Response:
        self._begun.release()
        await asyncio.to_thread(self.may_answer.wait, LONG)
        return web.Response(text="late\n")

    async def _large(self, _request: web.Request) -> web.Response:
        return web.Response(body=b"x" * LARGE)

    async def _fails(self, request: web.Request) -> web.Response:
        raise ValueError(request.query_string)

    async def _read(self, request: web.Request) -> web.Response:
        self.read.append(len(await request.read()))
        return web.Response(text="ok\n")


class Client:
    """One connection."""

    def __init__(self, port: int, address: str = "127.0.0.1") -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), LONG, (address, 0))

    def send(self, raw: bytes) -> None:
        self.socket.sendall(raw)

    def rest(self) -> bytes:
        """All that comes until the server ends it."""
        got = bytearray()
        # What was sent to a server that had enough comes back as a reset.
        with suppress(ConnectionError):
            while part := self.socket.recv(1_000_000):
                got += part
        return bytes(got)

    def all_of(self, number: int) -> bytes:
        got = bytearray()
        while len(got) < number and (part := self.socket.recv(1_000_000)):
            got += part
        return bytes(got)

    def answer(self) -> bytes:
        """What comes next."""
        try:
            return self.socket.recv(100_000)
        except ConnectionError:
            return b""

    @property
    def is_open(self) -> bool:
        self.socket.setblocking(False)
        try:
            return self.socket.recv(1) != b""
        except BlockingIOError:
            return True
        except ConnectionError:
            return False
        finally:
            self.socket.settimeout(LONG)

    def is_ended_within(self, seconds: float) -> bool:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if not self.is_open:
                return True
            time.sleep(0.01)
        return False


def status(answer: bytes) -> int:
    """0 where the connection ended without one."""
    return int(answer.split(b" ", 2)[1]) if answer else 0


class Clients:
    """Those of one test."""

    def __init__(self) -> None:
        self._all = ExitStack()

    def __call__(self, port: int, sends: bytes = b"", address: str = "127.0.0.1") -> Client:
        made = Client(port, address)
        self._all.callback(made.socket.close)
        if sends:
            made.send(sends)
        return made

    def close(self) -> None:
        self._all.close()


@contextmanager
def served(routes: Routes, limits: ServerLimits) -> Iterator[int]:
    with serving(routes.application, "127.0.0.1", 0, limits) as port:
        try:
            yield port
        finally:
            routes.may_answer.set()


def fields(answer: bytes) -> dict[str, str]:
    lines = answer.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")[1:]
    return {name: value for name, _, value in (line.partition(": ") for line in lines)}
