"""A helpdesk's address for webhooks on loopback: it verifies by another implementation, and answers by a script."""

from __future__ import annotations

import ssl
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

from standardwebhooks import Webhook

SECRET: Final = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OLD_SECRET: Final = "whsec_dGhpcyBpcyBhbiBvbGRlciBzZWNyZXQh"


@dataclass
class Answering:
    """One answer: its status and headers, and how it misbehaves."""

    status: int = 204
    headers: dict[str, str] = field(default_factory=dict)
    after: float = 0.0
    size: int = 0
    drips: float = 0.0
    """Seconds between the bytes of an answer that never ends."""
    breaks: bool = False
    """The connection is closed without an answer."""


OK: Final = Answering()


@dataclass
class Received:
    """A post that came: its `webhook-id`, and its body where the signature was right."""

    id: str
    body: Any
    headers: dict[str, str]


class Receiver:
    """Answers each post with the next of `answers`, then with `rest`. `received` are those that verify."""

    def __init__(self, answers: Sequence[Answering] = (), rest: Answering = OK, secret: str = SECRET) -> None:
        self.answers = deque(answers)
        self.rest = rest
        self.received: list[Received] = []
        self.came = 0
        self.connections = 0
        self.over = threading.Event()
        self._webhook = Webhook(secret)
        self._turn = threading.Lock()
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    def take(self, headers: dict[str, str], body: bytes) -> Answering:
        with self._turn:
            self.came += 1
            verified = self._webhook.verify(body, headers)
            self.received.append(Received(headers["webhook-id"], verified, headers))
            return self.answers.popleft() if self.answers else self.rest

    def ids(self) -> list[str]:
        return [one.id for one in self.received]

    def types(self) -> list[str]:
        return [one.body["type"] for one in self.received]


class Handler(BaseHTTPRequestHandler):
    """One connection to a receiver."""

    protocol_version = "HTTP/1.1"
    server: Server

    def setup(self) -> None:
        super().setup()
        self.server.receiver.connections += 1

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        receiver = self.server.receiver
        answer = receiver.take({name.lower(): value for name, value in self.headers.items()}, body)
        receiver.over.wait(answer.after)
        if answer.breaks:
            self.close_connection = True
            return
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if answer.drips:
            self._drip(answer.drips)
        else:
            self._end(answer)

    def _end(self, answer: Answering) -> None:
        if answer.status != 204:  # RFC 9110, section 15.3.5: nothing follows
            self.send_header("content-length", str(answer.size))
        self.end_headers()
        for _ in range(0, answer.size, 65_536):
            self.wfile.write(b"x" * 65_536)

    def _drip(self, seconds: float) -> None:
        self.close_connection = True
        while not self.server.receiver.over.wait(seconds):
            self.wfile.write(b"X-Drop: by drop\r\n")
            self.flush_headers()

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Nobody reads it."""

    def log_error(self, *_: object) -> None:
        """Likewise."""


class Server(ThreadingHTTPServer):
    """The server of one receiver."""

    daemon_threads = True

    def __init__(self, receiver: Receiver) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.receiver = receiver

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that go away are part of the tests."""


@contextmanager
def receiving(receiver: Receiver, tls: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    """Serve within the block."""
    with Server(receiver) as server:
        if tls is not None:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        receiver.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield receiver
        finally:
            receiver.over.set()
            server.shutdown()
            thread.join(5)


def await_posts(receiver: Receiver, number: int, seconds: float = 15.0) -> None:
    """Wait until so many posts were received."""
    end = time.monotonic() + seconds
    while len(receiver.received) < number:
        assert time.monotonic() < end, f"only {len(receiver.received)} of {number} posts came"
        time.sleep(0.01)
