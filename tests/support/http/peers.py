"""A web service on loopback that takes notifications by POST, and misbehaves as a test asks for."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self
from urllib.parse import unquote

import msgspec

HANG = "hang"
"""Take the request, and say nothing."""

DISCONNECT = "disconnect"
"""Take the request, and close the connection instead of answering."""


@dataclass
class Posted:
    """A request that came whole: the path behind the first slash, decoded, and the JSON of its body."""

    path: str
    body: Any


@dataclass
class HttpPeer:
    """Answers each request with the next of its `answers`, a status line or HANG or DISCONNECT; then with 200 OK.

    `posted` are all requests that came whole.
    """

    answers: deque[str] = field(default_factory=deque)
    posted: list[Posted] = field(default_factory=list)
    words: bytes = b""

    async def __aenter__(self) -> Self:
        self._over, self.came = asyncio.Event(), asyncio.Event()
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port: int = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._server.close()
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._answer(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *fields = head.split("\r\n")
        length = next(int(one.split(":")[1]) for one in fields if one.lower().startswith("content-length:"))
        path = first.split(" ")[1].partition("?")[0]
        self.posted.append(Posted(unquote(path[1:]), msgspec.json.decode(await reader.readexactly(length))))
        answer = self.answers.popleft() if self.answers else "200 OK"
        self.came.set()
        if answer == HANG:
            await self._over.wait()
        elif answer != DISCONNECT:
            frame = f"HTTP/1.1 {answer}\r\nContent-Length: {len(self.words)}\r\nConnection: close\r\n\r\n"
            writer.write(frame.encode() + self.words)
            await writer.drain()
