"""The limits of an HTTP server, all in one object. They hold for every client, whoever it is."""

from __future__ import annotations

import resource
import time
from typing import Final

import structlog
from msgspec import Struct

log = structlog.get_logger()

KEPT_BACK: Final = 256
"""File descriptors that stay for the work itself: files, database, broker, relay, child processes."""
LEAST: Final = 8
"""Connections that are served however few descriptors there are: probes must be answered."""

BURST: Final = 0.2
"""Seconds of work that may come at once: a large scrape is not held up."""


class ServerLimits(Struct, frozen=True):
    """Times in seconds, sizes in bytes; all are of one connection, but for `connections` and `processor`."""

    connections: int = 384
    """Open at once. One more, and the address that has the most loses the one that has waited longest."""
    waiting: float = 15.0
    """From the opening, or from the last answer, until the head of a request is whole, however its bytes trickle in."""
    body: float = 10.0
    """From there until its body is whole."""
    exchange: float = 60.0
    """From there until the answer has been taken; and for what is left to be taken where a connection is closed."""
    lingering: float = 1.0
    """How long a body that nobody wants is read and dropped, since a client that still sends reads no answer."""
    line: int = 8190
    """A request's first line."""
    field: int = 4096
    """One header field."""
    fields: int = 64
    """Header fields of a request."""
    head: int = 32_768
    """A request's first line and all its header fields, while they come in."""
    stopping: float = 1.0
    """How long answers that are under way at a stop may take."""
    backlog: int = 128
    """Connections that the operating system holds until they are accepted."""
    processor: float = 0.25
    """The share of one processor that the whole server may take; what is beyond waits."""

    def within_descriptors(self) -> int:
        """Connections that can be open at once beside the work; a low limit of the process is named in the log."""
        soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        if soft == resource.RLIM_INFINITY:
            return self.connections
        # A full backlog is accepted before any of it is counted.
        connections = min(self.connections, max(LEAST, soft - KEPT_BACK - self.backlog))
        if connections < self.connections:
            needed = self.connections + KEPT_BACK + self.backlog
            said = f"raise the limit of open files (ulimit -n, LimitNOFILE=) to {needed} or more"
            log.warning("few_descriptors", limit=soft, http_connections=connections, said=said)
        return connections


class Pace:
    """Keeps the thread that serves to its share of one processor, so that a flood of requests leaves the rest to work.

    It belongs to that thread.
    """

    def __init__(self, share: float, burst: float = BURST) -> None:
        self._share = share
        self._burst = burst
        self._seen, self._worked = time.monotonic(), time.thread_time()
        self._owed = 0.0

    def keep(self) -> None:
        """Pause this thread where it has worked more than its share."""
        now, worked = time.monotonic(), time.thread_time()
        self._owed = max(0.0, self._owed + worked - self._worked - self._share * (now - self._seen))
        self._seen, self._worked = now, worked
        if self._owed > self._burst:
            time.sleep((self._owed - self._burst) / self._share)
