"""Cuts a connection on which the server says nothing for too long: a server that hangs keeps no time-out itself."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Any

import psycopg


class NoAnswerError(psycopg.OperationalError):
    """The server said nothing for too long."""


class Patience:
    """With one connection, for one call. `was_lost` says that it was cut."""

    def __init__(self, connection: psycopg.Connection[Any], seconds: float) -> None:
        self._connection = connection
        self._seconds = seconds
        self.was_lost = False
        self.renew()

    def renew(self) -> None:
        """Begin to wait anew: a statement goes out now."""
        self._until = time.monotonic() + self._seconds

    def lose_if_over(self) -> None:
        """Cut the connection where its time is over. What waits on it gets an error."""
        if time.monotonic() > self._until and not self.was_lost:
            self.was_lost = True
            with suppress(OSError, psycopg.Error), socket.socket(fileno=os.dup(self._connection.fileno())) as end:
                end.shutdown(socket.SHUT_RDWR)


class Watchdog:
    """A thread that looks at all calls that are under way."""

    def __init__(self, limit: timedelta) -> None:
        self._seconds = limit.total_seconds()
        self._calls: set[Patience] = set()
        self._turn = threading.Lock()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, name="postgres-watchdog", daemon=True)
        self._thread.start()

    @contextmanager
    def over(self, connection: psycopg.Connection[Any]) -> Iterator[Patience]:
        """Watchdog over a connection while the block lasts."""
        patience = Patience(connection, self._seconds)
        with self._turn:
            self._calls.add(patience)
        try:
            yield patience
        except psycopg.OperationalError:
            if patience.was_lost:
                raise NoAnswerError from None
            raise
        finally:
            # From here on the connection may be closed, and its number be that of another one.
            with self._turn:
                self._calls.discard(patience)

    def close(self) -> None:
        """End the thread."""
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(min(self._seconds / 4, 1.0)):
            with self._turn:
                for call in self._calls:
                    call.lose_if_over()
