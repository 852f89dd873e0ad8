"""The connections of an HTTP server: how many may be open, and which of them makes room for one more."""

from __future__ import annotations

import asyncio
from typing import Final, Protocol

import structlog

from adapters.web.limits import Pace, ServerLimits
from adapters.web.monitor import SEES_NOTHING, ConnectionMonitor

log = structlog.get_logger()

_TELL_AGAIN: Final = 60.0


class Abortable(Protocol):
    """A connection, as far as it is counted."""

    @property
    def address(self) -> str:
        """Of its client, without the port."""

    def abort(self) -> None:
        """End it at once, whatever has yet to be sent."""


class Connections:
    """All open connections of a server. It belongs to the thread of the server's loop."""

    def __init__(self, limits: ServerLimits, monitor: ConnectionMonitor = SEES_NOTHING) -> None:
        self._monitor = monitor
        self.limits = limits
        self.pace = Pace(limits.processor)
        self._most = limits.within_descriptors()
        self._open: dict[Abortable, None] = {}
        self._waiting: dict[str, dict[Abortable, None]] = {}
        """Those whose request is not being answered, by address; of each, whoever has waited longest stands first."""
        self._told = float("-inf")

    def opened(self, one: Abortable, now: float) -> bool:
        """Take in a connection. Where there are too many, one that waits is ended for it; False where none waits."""
        if len(self._open) >= self._most:
            self._tell(now)
            if not self._waiting:
                self._monitor.connection_refused()
                return False
            # The address with the most connections loses the one that has waited longest. So nobody shuts others out,
            # and the newest connections stay, which are the likeliest to ask something.
            most = max(self._waiting, key=lambda address: len(self._waiting[address]))
            next(iter(self._waiting[most])).abort()
            self._monitor.connection_ended()
        self._open[one] = None
        self.waits(one)
        return True

    def waits(self, one: Abortable) -> None:
        """No request of this connection is being answered, so that it may be ended to make room."""
        if one in self._open:
            self._waiting.setdefault(one.address, {})[one] = None

    def works(self, one: Abortable) -> None:
        """A request of this connection is being answered, or it is closed."""
        of_address = self._waiting.get(one.address, {})
        of_address.pop(one, None)
        if not of_address:
            self._waiting.pop(one.address, None)

    def closed(self, one: Abortable) -> None:
        """It is gone."""
        self._open.pop(one, None)
        self.works(one)

    async def end(self) -> None:
        """End all that are left, and those that were just accepted."""
        for _ in range(3):
            for one in [*self._open]:
                one.abort()
            await asyncio.sleep(0)

    def _tell(self, now: float) -> None:
        if now - self._told >= _TELL_AGAIN:
            self._told = now
            log.warning("http_connections_at_limit", connections=self._most, addresses=len(self._waiting))
