"""The transports that there are, each with something to send to on loopback."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from adapters.apprise.service import Service
from adapters.apprise.transport import AppriseTransport
from schemas.vocabulary import Channel
from sender.delivery.transports import Transports
from sender.ports import OutgoingMail, OutgoingText, Transport
from tests.contract.transport_promises import Misdeed, World
from tests.support.http.peers import DISCONNECT, HttpPeer
from tests.support.http.peers import HANG as SAY_NOTHING
from tests.support.mail.smtp_peers import HANG, TAKE_AND_DISCONNECT, At, Fault, FaultyPeer, Taken
from tests.support.mail.smtp_sending import mail, transport_to

PATIENCE: Final = 1.0
"""Seconds that a transport waits for an answer."""

_DOT: Final = {
    Misdeed.SAYS_LATER: "451 4.3.0 Later",
    Misdeed.LOSES_THE_CONNECTION: TAKE_AND_DISCONNECT,
    Misdeed.SAYS_NOTHING: HANG,
}
_HTTP: Final = {
    Misdeed.SAYS_LATER: "503 Service Unavailable",
    Misdeed.LOSES_THE_CONNECTION: DISCONNECT,
    Misdeed.SAYS_NOTHING: SAY_NOTHING,
}


@dataclass
class WatchedPeer(FaultyPeer):
    """A relay that says when it has a message."""

    took: asyncio.Event = field(default_factory=asyncio.Event)

    def take(self, taken: Taken) -> None:
        """See FaultyPeer."""
        super().take(taken)
        self.took.set()


class SmtpWorld:
    """A mail relay."""

    def __init__(self, peer: WatchedPeer, transport: Transport[Any]) -> None:
        self.peer, self.transport = peer, transport

    def message(self, number: int) -> OutgoingMail:
        return mail(f"p{number}@acme.example")

    def for_nobody(self) -> OutgoingMail:
        return mail("nobody at all")

    def misbehave(self, misdeed: Misdeed) -> None:
        self.peer.faults = [Fault(At.DOT, _DOT[misdeed], times=1)]

    async def asked(self) -> None:
        await self.peer.took.wait()

    async def leave(self) -> None:
        await self.peer.__aexit__(None, None, None)

    def taken(self) -> Sequence[OutgoingMail]:
        return [OutgoingMail(one.sender, one.recipient, one.content) for one in self.peer.taken]


class AppriseWorld:
    """A chat service."""

    def __init__(self, peer: HttpPeer, transport: Transport[Any]) -> None:
        self.peer, self.transport = peer, transport
        self._put_off = 0

    def message(self, number: int) -> OutgoingText:
        return OutgoingText(Channel.CHAT, f"#room-{number}", f"[Opened] 2026-{number}: Réseau", "a < b & *c*\n\n第")

    def for_nobody(self) -> OutgoingText:
        return OutgoingText(Channel.CHAT, "one/two", "subject", "text")

    def misbehave(self, misdeed: Misdeed) -> None:
        self.peer.answers.append(_HTTP[misdeed])
        self._put_off += misdeed is Misdeed.SAYS_LATER

    async def asked(self) -> None:
        await self.peer.came.wait()

    async def leave(self) -> None:
        await self.peer.__aexit__(None, None, None)

    def taken(self) -> Sequence[OutgoingText]:
        posted = self.peer.posted[self._put_off :]
        return [OutgoingText(Channel.CHAT, one.path, one.body["title"], one.body["message"]) for one in posted]


def routed(transport: Transport[Any]) -> Transport[Any]:
    """The same behind the sender's choice of a transport."""
    return Transports(transport, {Channel.CHAT: transport})


@asynccontextmanager
async def smtp_world(wrap: Callable[[Transport[Any]], Transport[Any]] = lambda it: it) -> AsyncIterator[World]:
    """An SmtpTransport and a relay."""
    async with WatchedPeer(takes_in_doubt=True) as peer:
        transport = wrap(transport_to(peer.port, timeout=5.0, final_timeout=PATIENCE))
        yield SmtpWorld(peer, transport)
        await transport.close()


@asynccontextmanager
async def apprise_world(wrap: Callable[[Transport[Any]], Transport[Any]] = lambda it: it) -> AsyncIterator[World]:
    """An AppriseTransport and a web service."""
    async with HttpPeer() as peer:
        pattern = f"json://127.0.0.1:{peer.port}/{{address}}?rto={PATIENCE}&format=text"
        transport = wrap(AppriseTransport(Service(pattern)))
        yield AppriseWorld(peer, transport)
        await transport.close()


WORLDS: Final[Mapping[str, Callable[[], AbstractAsyncContextManager[World]]]] = {
    "smtp": smtp_world,
    "apprise": apprise_world,
    "smtp, routed": lambda: smtp_world(routed),
    "apprise, routed": lambda: apprise_world(routed),
}
