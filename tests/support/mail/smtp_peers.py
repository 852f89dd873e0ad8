"""A mail relay that misbehaves where and how a test asks for."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from types import TracebackType
from typing import Self


class At(StrEnum):
    """Where in a session: the greeting, a command, or the dot that ends the message."""

    CONNECT = "CONNECT"
    EHLO = "EHLO"
    STARTTLS = "STARTTLS"
    AUTH = "AUTH"
    MAIL = "MAIL"
    RCPT = "RCPT"
    DATA = "DATA"
    DOT = "DOT"
    RSET = "RSET"
    QUIT = "QUIT"


HANG = "hang"
"""Say nothing more, and keep the connection."""

DISCONNECT = "disconnect"
"""Close the connection instead of replying."""

TAKE_AND_DISCONNECT = "take and disconnect"
"""Take the message, and close the connection instead of saying so: at the dot only."""

DELAY = "delay"
"""Say yes, but later."""

STALL = "stall"
"""Ask for the message, and read nothing of it: at DATA only."""


DELAYED = 0.05


@dataclass
class Fault:
    """What to do at a stage instead of saying yes: a reply, HANG or DISCONNECT. For one recipient, so many times."""

    stage: At
    action: str
    times: int = 1_000_000
    recipient: str | None = None


@dataclass
class Taken:
    """A message for which the peer said yes, or meant to."""

    sender: str
    recipient: str
    content: bytes


@dataclass
class FaultyPeer:
    """An SMTP server on loopback. `commands` are all that it was sent, `taken` the messages that it has.

    One that `takes_in_doubt` has each message of which it does not say 4xx or 5xx, whatever else it does at the dot.
    With `tls` it offers STARTTLS, and then AUTH, which it believes whatever is said. `most_open` is the largest number
    of connections that it had at a time.
    """

    faults: Sequence[Fault] = ()
    extensions: Sequence[str] = ("8BITMIME", "SMTPUTF8")
    tls: ssl.SSLContext | None = None
    takes_in_doubt: bool = False
    wanted_port: int = 0
    commands: list[str] = field(default_factory=list)
    taken: list[Taken] = field(default_factory=list)
    connections: int = 0
    open: int = 0
    most_open: int = 0

    async def __aenter__(self) -> Self:
        self._writers: list[asyncio.StreamWriter] = []
        self._over = asyncio.Event()
        self._came = asyncio.Event()
        self._ended = asyncio.Event()
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.wanted_port, limit=2**26)
        self.port: int = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._server.close()
        for writer in self._writers:
            writer.close()
        await self._server.wait_closed()

    def take(self, taken: Taken) -> None:
        """Keep a message."""
        self.taken.append(taken)

    def cut_connections(self) -> None:
        """Close what is open, as a relay does with idle connections."""
        for writer in self._writers:
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.open += 1
        self.most_open = max(self.most_open, self.open)
        self._writers.append(writer)
        try:
            await self._session(_Connection(self, reader, writer))
        except (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            pass
        finally:
            writer.close()
            self.open -= 1
            self._ended.set()

    async def _session(self, connection: _Connection) -> None:
        goes_on = await connection.greet()
        while goes_on and not self._over.is_set():
            line = (await connection.reader.readuntil(b"\r\n")).decode().rstrip("\r\n")
            self.commands.append(line)
            self._came.set()
            goes_on = await connection.answer(line)

    async def wait_for_command(self, start: str) -> None:
        """Wait until a command was sent that starts so."""
        while not any(command.startswith(start) for command in self.commands):
            self._came.clear()
            await self._came.wait()

    async def read_on_to_the_end(self) -> None:
        """Take what a stalled client has still sent, until its connection ends."""
        for writer in self._writers:
            assert isinstance(writer.transport, asyncio.ReadTransport)
            writer.transport.resume_reading()
        await self._ended.wait()

    def fault_at(self, stage: At, recipient: str | None) -> str | None:
        """What goes wrong now, counted."""
        for fault in self.faults:
            if fault.stage is stage and fault.times > 0 and fault.recipient in (None, recipient):
                fault.times -= 1
                return fault.action
        return None

    async def before_reply(self) -> None:
        """Called before each reply; a test may let it wait."""

    async def before_data(self) -> None:
        """Called when a message is announced; a test may let it wait."""

    async def before_dot(self) -> None:
        """Called when a message's content has come; a test may let it wait."""

    async def wait_until_over(self) -> None:
        """Hang until the test is over."""
        await self._over.wait()


class _Connection:
    def __init__(self, peer: FaultyPeer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self._peer = peer
        self._writer = writer
        self._sender = ""
        self._recipient = ""
        self._encrypted = False

    async def greet(self) -> bool:
        """Say who is there; whether the session goes on."""
        return await self._act(await self._fault(At.CONNECT), "220 peer.example ESMTP")

    async def answer(self, line: str) -> bool:
        """Do what the line says; whether the session goes on."""
        verb = line.partition(" ")[0].upper()
        argument = line.partition("<")[2].partition(">")[0]
        if verb == "QUIT":
            await self._act(await self._fault(At.QUIT), "221 2.0.0 Bye")
            return False
        if verb == "STARTTLS":
            return await self._encrypt()
        if verb == "AUTH":
            return await self._act(await self._fault(At.AUTH), "235 2.7.0 Welcome")
        if verb in ("EHLO", "HELO"):
            return await self._act(await self._fault(At.EHLO), self._hello(verb))
        if verb in ("MAIL", "RSET"):
            if verb == "MAIL" and self._sender:
                await self._say("503 5.5.1 Nested MAIL")
                return True
            self._sender = argument
        if verb == "RCPT":
            self._recipient = argument
        if verb == "DATA":
            return await self._data()
        return await self._act(await self._fault(At(verb)), "250 2.0.0 Yes")

    def _hello(self, verb: str) -> str:
        extensions = [*self._peer.extensions]
        if self._peer.tls is not None:
            extensions.append("AUTH PLAIN" if self._encrypted else "STARTTLS")
        lines = ["peer.example", *(extensions if verb == "EHLO" else ())]
        return "\r\n".join([*(f"250-{line}" for line in lines[:-1]), f"250 {lines[-1]}"])

    async def _encrypt(self) -> bool:
        action = await self._fault(At.STARTTLS)
        if action is not None:
            return await self._act(action, "")
        await self._say("220 2.0.0 Go ahead")
        assert self._peer.tls is not None
        await self._writer.start_tls(self._peer.tls)
        self._encrypted = True
        return True

    async def _data(self) -> bool:
        await self._peer.before_data()
        action = await self._fault(At.DATA)
        if action == STALL:
            self._pause()
        elif action is not None:
            return await self._act(action, "")
        await self._say("354 Go ahead")
        content = (await self.reader.readuntil(b"\r\n.\r\n")).removesuffix(b".\r\n").replace(b"\r\n..", b"\r\n.")
        await self._peer.before_dot()
        action = await self._fault(At.DOT)
        if action in (None, TAKE_AND_DISCONNECT) or (self._peer.takes_in_doubt and action[0] not in "45"):
            self._peer.take(Taken(self._sender, self._recipient, content))
        self._sender = ""
        return await self._act(action, "250 2.0.0 Queued")

    async def _act(self, action: str | None, yes: str) -> bool:
        """Say yes, or do what is to go wrong; whether the session goes on."""
        if action in (DISCONNECT, TAKE_AND_DISCONNECT):
            return False
        if action == HANG:
            await self._peer.wait_until_over()
            return False
        await self._say(action or yes)
        return True

    def _pause(self) -> None:
        transport = self._writer.transport
        assert isinstance(transport, asyncio.ReadTransport)
        transport.pause_reading()

    async def _fault(self, stage: At) -> str | None:
        """What goes wrong now. What only comes late does not."""
        action = self._peer.fault_at(stage, self._recipient)
        if action == DELAY:
            await asyncio.sleep(DELAYED)
            return None
        return action

    async def _say(self, text: str) -> None:
        await self._peer.before_reply()
        self._writer.write(text.encode() + b"\r\n")
        await self._writer.drain()
