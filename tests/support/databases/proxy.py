"""A network between a client and a server, which can be cut, or swallow what is said."""

from __future__ import annotations

import socket
import threading
from contextlib import nullcontext, suppress
from types import TracebackType
from typing import Self

from tests.support.brokers.native import HOST


class Proxy:
    """Passes bytes on between its own port and another one, until it is told not to."""

    def __init__(self, port: int) -> None:
        self._target = (HOST, port)
        self._listener = socket.create_server((HOST, 0))
        self.port: int = self._listener.getsockname()[1]
        self._ends: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._passes = threading.Event()
        self._passes.set()
        self._cut_at: tuple[bytes, bool] | None = None

    def __enter__(self) -> Self:
        self._begin(self._accept)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._passes.set()
        self.cut()
        for thread in self._threads:
            thread.join()
        self._listener.close()

    def cut(self) -> None:
        """End all connections, both ways."""
        for end in list(self._ends):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def cut_at(self, sign: bytes, *, passed_on: bool) -> None:
        """Cut when the client next says something with this in it: the server has heard it, or has not."""
        self._cut_at = (sign, passed_on)

    def swallow(self) -> None:
        """Keep connections, and pass nothing on."""
        self._passes.clear()

    def go_on(self) -> None:
        """Pass on again, also what was swallowed."""
        self._passes.set()

    def _begin(self, work: object, *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(self._target)
            except OSError:
                client.close()
                continue
            self._ends += [client, server]
            self._begin(self._pump, client, server, True)
            self._begin(self._pump, server, client, False)

    def _pump(self, source: socket.socket, target: socket.socket, from_client: bool) -> None:
        with source, suppress(OSError):
            while data := source.recv(65_536):
                self._passes.wait()
                cut, passed_on = self._cuts(data) if from_client else (False, True)
                if cut:
                    # The answer must not come through, so the way back is closed first.
                    source.shutdown(socket.SHUT_RDWR)
                if passed_on:
                    # What a server says to a client that is gone is read all the same, so that it is not disturbed.
                    with suppress(OSError) if not from_client else nullcontext():
                        target.sendall(data)
        with suppress(OSError):
            target.shutdown(socket.SHUT_WR)

    def _cuts(self, data: bytes) -> tuple[bool, bool]:
        """Whether to cut at this, and whether it is passed on."""
        if self._cut_at is None or self._cut_at[0] not in data:
            return False, True
        (_, passed_on), self._cut_at = self._cut_at, None
        return True, passed_on
