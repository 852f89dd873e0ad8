"""An SMTP server on loopback that writes each message into a folder: for the demo and for tests."""

from __future__ import annotations

import asyncio
import logging
import re
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from aiosmtpd.smtp import SMTP, Envelope, Session
from msgspec import Struct

from adapters.files.private_files import private_folder, write_private

HOST: Final = "127.0.0.1"
MAX_MESSAGE_BYTES: Final = 16_777_216
_MAX_NAME: Final = 60


class Received(Struct, frozen=True):
    """A message that came: its envelope (RFC 5321), and the file that holds its content as it was sent."""

    sender: str
    recipients: tuple[str, ...]
    path: Path


class Mailbox:
    """Takes any message from this machine and keeps it: `000001-zoe-acme.example.eml` and so on, in order of arrival.

    Use it as an asynchronous context manager, or call `start` and `close`.
    """

    def __init__(self, folder: Path, port: int = 0) -> None:
        self._folder = folder
        self._wanted_port = port
        self._server: asyncio.Server | None = None
        self._connections: set[_Connection] = set()
        self._came = asyncio.Condition()
        self._number = 0
        self.received: list[Received] = []

    @property
    def port(self) -> int:
        """Where it listens; port 0 asked the system for a free one. Raises RuntimeError before the start."""
        if self._server is None:
            raise RuntimeError("the mailbox is not started")
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def start(self) -> None:
        """Listen on loopback. Numbers go on after those of the files that are there. Raises OSError."""
        private_folder(self._folder)  # the names of its files hold addresses
        self._number = max((int(file.name[:6]) for file in self._folder.glob("[0-9]" * 6 + "*.eml")), default=0)
        # The library logs addresses of every command at lower levels.
        logging.getLogger("mail.log").setLevel(logging.WARNING)
        self._server = await asyncio.get_running_loop().create_server(self._connection, HOST, self._wanted_port)

    async def close(self) -> None:
        """Stop listening and cut the connections that are open."""
        if self._server is None:
            return
        self._server.close()
        for connection in list(self._connections):
            connection.cut()
        await self._server.wait_closed()
        self._server = None

    async def wait_for(self, count: int) -> list[Received]:
        """What came, as soon as it is `count` messages or more."""
        async with self._came:
            await self._came.wait_for(lambda: len(self.received) >= count)
        return list(self.received)

    async def keep(self, envelope: Envelope) -> None:
        """Write a message down. The file is whole from the moment that it is there. Raises OSError."""
        self._number += 1
        recipients = tuple(envelope.rcpt_tos)
        path = self._folder / f"{self._number:06d}-{_safe(recipients[0])}.eml"
        write_private(path, envelope.original_content or b"")
        async with self._came:
            self.received.append(Received(envelope.mail_from or "", recipients, path))
            self._came.notify_all()

    async def __aenter__(self) -> Self:
        """Started."""
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Closed."""
        await self.close()

    def _connection(self) -> _Connection:
        return _Connection(_Handler(self), self._connections)


class _Connection(SMTP):
    """One client. It stands among the open connections as long as it is one."""

    def __init__(self, handler: _Handler, open_ones: set[_Connection]) -> None:
        super().__init__(
            handler,
            hostname="mailbox.localhost",
            ident="mailbox",
            data_size_limit=MAX_MESSAGE_BYTES,
            enable_SMTPUTF8=True,
            loop=asyncio.get_running_loop(),
        )
        self._open_ones = open_ones

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._open_ones.add(self)

    def connection_lost(self, error: Exception | None) -> None:
        super().connection_lost(error)
        self._open_ones.discard(self)

    def cut(self) -> None:
        """End it, whatever the client is about."""
        if self.transport is not None:
            self.transport.close()


class _Handler:
    """What the library calls when a message has come."""

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: ARG002, N802
        """Accept it once it is written."""
        try:
            await self._mailbox.keep(envelope)
        except OSError:
            return "451 4.3.0 The message could not be written"
        return "250 2.0.0 Kept"


def _safe(address: str) -> str:
    """An address as a piece of a file name: small letters, digits, dots and dashes."""
    return re.sub(r"[^a-z0-9.]+", "-", address.lower()).strip("-.")[:_MAX_NAME] or "recipient"
