"""Whoever asks an HTTP server over a plain socket, in whatever way; and routes for what it does then."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any, Final

from litestar import MediaType, Request, Response, Router, get, post

from adapters.web.application import application
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
        self.application = application([self._part()])

    def _part(self) -> Router:
        @get("/livez")
        async def alive() -> Response[bytes]:
            return _text(b"ok\n")

        @get("/waits")
        async def waits() -> Response[bytes]:
            self._begun.release()
            await asyncio.to_thread(self.may_answer.wait, LONG)
            return _text(b"late\n")

        @get("/large")
        async def large() -> Response[bytes]:
            return _text(b"x" * LARGE)

        @get("/fails")
        async def fails(request: Request[Any, Any, Any]) -> None:
            raise ValueError(request.url.query)

        @post("/read", status_code=200)
        async def read(request: Request[Any, Any, Any]) -> Response[bytes]:
            self.read.append(len(await request.body()))
            return _text(b"ok\n")

        return Router("/", route_handlers=[alive, waits, large, fails, read], request_max_body_size=1_000)

    def wait_for(self, number: int) -> None:
        """Until so many requests are under way on the route that waits."""
        for _ in range(number):
            assert self._begun.acquire(timeout=LONG)


def _text(content: bytes) -> Response[bytes]:
    return Response(content, media_type=MediaType.TEXT)


class Client:
    """One connection."""

    def __init__(self, port: int, address: str = "127.0.0.1") -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), LONG, (address, 0))

        self._asked = b""

    def send(self, raw: bytes) -> None:
        self._asked = raw
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
        """The answer that comes next, or as much of it as comes."""
        got = b""
        with suppress(ConnectionError):
            while not _is_whole(got, self._asked) and (part := self.socket.recv(100_000)):
                got += part
        return got

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


def _is_whole(answer: bytes, asked: bytes) -> bool:
    head, end, body = answer.partition(b"\r\n\r\n")
    has_body = not asked.startswith(b"HEAD ")
    return bool(end) and len(body) >= has_body * int(head.lower().partition(b"content-length: ")[2].split(b"\r")[0])


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
def served(routes: Routes, limits: ServerLimits, lets_go: bool = True) -> Iterator[int]:
    with serving(routes.application, "127.0.0.1", 0, limits) as port:
        try:
            yield port
        finally:
            if lets_go:
                routes.may_answer.set()


def fields(answer: bytes) -> dict[str, str]:
    lines = answer.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")[1:]
    return {name: value for name, _, value in (line.partition(": ") for line in lines)}
