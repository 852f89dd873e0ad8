"""The example receiver of docs/outcomes.md writes a note for each post, once, and only for what verifies."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from outcomes.endpoint import DELIVERED
from outcomes.payloads import ticket_post, told_job, told_ticket
from outcomes.signing import Secret, signed_headers
from tests.support.http.receivers import OLD_SECRET, SECRET
from tests.support.intake.service import a_free_address
from tests.support.outcomes import an_endpoint, an_outcome
from tests.support.sender.fakes import START, a_job

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "zammad_notes.py"


class FakeZammad(ThreadingHTTPServer):
    """Finds one ticket, and keeps the articles that are written. `fails` of its first answers are errors."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), ZammadHandler)
        self.articles: list[Any] = []
        self.tokens: set[str] = set()
        self.fails = 0


class ZammadHandler(BaseHTTPRequestHandler):
    server: FakeZammad

    def do_GET(self) -> None:
        self.server.tokens.add(self.headers["Authorization"])
        assert self.path.startswith("/api/v1/tickets/search?query=number%3AT-1&")
        self.server.fails -= 1
        self._answer([{"id": 81}], 500 if self.server.fails >= 0 else 200)

    def do_POST(self) -> None:
        assert self.path == "/api/v1/ticket_articles"
        self.server.articles.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self._answer({"id": 1}, 201)

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Nobody reads it."""

    def _answer(self, value: object, status: int) -> None:
        content = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


@pytest.fixture
def zammad() -> Iterator[FakeZammad]:
    with FakeZammad() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield server
        server.shutdown()


@contextmanager
def example(zammad: FakeZammad) -> Iterator[httpx.Client]:
    address = a_free_address()
    host, _, port = address.rpartition(":")
    told = {"TOCSIN_SECRET": SECRET, "ZAMMAD_URL": f"http://127.0.0.1:{zammad.server_port}", "ZAMMAD_TOKEN": "t"}
    with (
        subprocess.Popen([sys.executable, str(EXAMPLE), host, port], env=os.environ | told) as process,
        httpx.Client(base_url=f"http://{address}", transport=httpx.HTTPTransport(retries=8)) as client,
    ):
        try:
            yield client
        finally:
            process.kill()


def body() -> bytes:
    endpoint = an_endpoint(personal_data=True)
    zoe, li = a_job(), a_job(address="li@desk.example")
    outcomes = [
        (an_outcome(zoe, DELIVERED), zoe),
        (an_outcome(li, "failed", transition="refused", reply="550 5.1.1 no such user"), li),
    ]
    jobs = [msgspec.json.encode(told_job(one, job, endpoint)) for one, job in outcomes]
    return ticket_post(told_ticket(outcomes[0][0], zoe), "e-1", jobs, START).body


def post(client: httpx.Client, name: str, secret: str = SECRET) -> int:
    content = body()
    headers = signed_headers(name, datetime.now(UTC), content, [Secret(secret)])
    return client.post("/", content=content, headers=dict(headers)).status_code


def test_a_post_becomes_a_note_once(zammad: FakeZammad) -> None:
    zammad.fails = 1
    with example(zammad) as client:
        assert post(client, "msg_1", OLD_SECRET) == 401
        assert [post(client, "msg_1") for _ in range(3)] == [502, 204, 204]
        assert client.post("/", content=b"rubbish").status_code == 401
    [article] = zammad.articles
    assert (article["ticket_id"], article["internal"], article["type"]) == (81, True, "note")
    assert article["body"].splitlines() == [
        "Told by email: Zoé Martin (status_changed)",
        "NOT told: Zoé Martin: failed, refused 550 5.1.1 no such user",
    ]
    assert zammad.tokens == {"Token token=t"}
