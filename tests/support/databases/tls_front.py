"""TLS in front of a server that has none: the server of the tests was built without it."""

from __future__ import annotations

import selectors
import socket
import ssl
import threading
from contextlib import suppress
from types import TracebackType
from typing import Self

from tests.support.brokers.native import HOST

SSL_REQUEST = (80_877_103).to_bytes(4, "big")


class TlsFront:
    """Takes connections as PostgreSQL does where it has TLS, one at a time for each thread."""

    def __init__(self, port: int, context: ssl.SSLContext) -> None:
        self._target = (HOST, port)
        self._context = context
        self._listener = socket.create_server((HOST, 0))
        self._threads: list[threading.Thread] = []
        self.port: int = self._listener.getsockname()[1]

    def __enter__(self) -> Self:
        self._begin(threading.Thread(target=self._accept))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join()

    def _begin(self, thread: threading.Thread) -> None:
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self._begin(threading.Thread(target=self._serve, args=(client,)))

    def _serve(self, plain: socket.socket) -> None:
        with plain, suppress(OSError):
            if plain.recv(8)[4:] != SSL_REQUEST:
                return
            plain.sendall(b"S")
            wrapped = self._context.wrap_socket(plain, server_side=True)
            with wrapped as client, socket.create_connection(self._target) as server:
                _pass_on(client, server)


def _pass_on(client: ssl.SSLSocket, server: socket.socket) -> None:
    with selectors.DefaultSelector() as ready:
        ready.register(client, selectors.EVENT_READ, server)
        ready.register(server, selectors.EVENT_READ, client)
        while True:
            for key, _ in ready.select():
                assert isinstance(key.fileobj, socket.socket)
                data = key.fileobj.recv(65_536)
                while client.pending():
                    data += client.recv(65_536)
                if not data:
                    return
                key.data.sendall(data)
