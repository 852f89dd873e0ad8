"""Connections to one relay, reused from message to message."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from adapters.smtp.relay import Relay, Tls
from adapters.smtp.session import Session


class Pool:
    """At most `relay.connections` sessions at a time, opened only when one is needed and none is free.

    The one that was used last is used next, so that those beyond what the load needs are idle, and are closed.
    """

    def __init__(self, relay: Relay) -> None:
        self._relay = relay
        self._places = asyncio.Semaphore(relay.connections)
        self._idle: dict[Session, asyncio.TimerHandle] = {}
        self._goodbyes: set[asyncio.Task[None]] = set()
        self._tls_context = relay.tls_context

    @asynccontextmanager
    async def session(self, patience: float) -> AsyncIterator[Session]:
        """A session for one message, perhaps not open yet. Raises TimeoutError where none came free in `patience`.

        One that is still open at the end serves the next message; where the block raises, it is cut.
        """
        async with asyncio.timeout(patience):
            await self._places.acquire()
        session: Session | None = None
        try:
            session = self._taken() or Session(self._relay, self._context)
            yield session
        except BaseException:
            if session is not None:
                session.drop()
            raise
        finally:
            self._put_back(session)

    def forget_idle(self) -> None:
        """Cut what is idle: the relay has closed one of them, and so probably the others."""
        while (session := self._taken()) is not None:
            session.drop()

    async def close(self) -> None:
        """Say goodbye on every connection, after what is under way. The next message connects anew."""
        for _ in range(self._relay.connections):
            await self._places.acquire()
        try:
            idle = [*self._idle]
            for session in idle:
                self._idle.pop(session).cancel()
            await asyncio.gather(*(session.close() for session in idle), *self._goodbyes)
        finally:
            for _ in range(self._relay.connections):
                self._places.release()

    def _taken(self) -> Session | None:
        """The session that was used last, if it is still open."""
        while self._idle:
            session, timer = self._idle.popitem()
            timer.cancel()
            if session.is_open:
                return session
        return None

    def _put_back(self, session: Session | None) -> None:
        if session is None or not session.is_open:
            self._places.release()
        elif session.messages >= self._relay.messages_per_connection:
            # Its place is free only once it is closed: until then the relay counts it.
            self._part_with(session).add_done_callback(lambda _: self._places.release())
        else:
            loop = asyncio.get_running_loop()
            self._idle[session] = loop.call_later(self._relay.idle_timeout, self._retire, session)
            self._places.release()

    def _retire(self, session: Session) -> None:
        del self._idle[session]
        self._part_with(session)

    def _part_with(self, session: Session) -> asyncio.Task[None]:
        goodbye = asyncio.create_task(session.close())
        self._goodbyes.add(goodbye)
        goodbye.add_done_callback(self._goodbyes.discard)
        return goodbye

    async def _context(self) -> ssl.SSLContext | None:
        """The TLS context. The system's certificates are many, so they are read once, and in another thread."""
        if self._tls_context is None and self._relay.tls is not Tls.NONE:
            self._tls_context = await asyncio.to_thread(ssl.create_default_context)
        return self._tls_context
