"""The HTTP server of all ports, over real sockets: it stays in reach, and tells nothing of who asks or what serves."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs

from adapters.web.answers import HEADERS
from adapters.web.application import application
from adapters.web.limits import KEPT_BACK, Pace, ServerLimits
from adapters.web.operations import operations
from adapters.web.serving import serving
from tests.support.http.clients import GET, SHORT, Clients, Routes, fields, served, status

ROOT: Final = Path(__file__).parents[2]


@pytest.fixture
def routes() -> Iterator[Routes]:
    made = Routes()
    yield made
    made.may_answer.set()


@pytest.fixture
def client() -> Iterator[Clients]:
    made = Clients()
    yield made
    made.close()


# --- numbers


def test_one_connection_more_than_there_may_be_takes_the_place_of_the_oldest(routes: Routes, client: Clients) -> None:
    with served(routes, ServerLimits(connections=4)) as port:
        idle = [client(port) for _ in range(4)]
        assert status(client(port, GET).answer()) == 200
        assert idle[0].is_ended_within(2.0)
        assert all(one.is_open for one in idle[1:])


def test_probes_are_answered_while_idle_connections_come_without_end(routes: Routes, client: Clients) -> None:
    with served(routes, ServerLimits(connections=16)) as port:
        for _ in range(20):
            for _ in range(10):
                client(port)
            assert status(client(port, GET).answer()) == 200


def test_an_address_that_holds_many_takes_no_place_of_others(routes: Routes, client: Clients) -> None:
    with served(routes, ServerLimits(connections=6)) as port:
        scraper = client(port, GET)
        assert status(scraper.answer()) == 200
        others = [client(port, address="127.0.0.2") for _ in range(20)]
        assert status(client(port, GET).answer()) == 200
        assert scraper.is_open
        assert others[0].is_ended_within(2.0)
        # The control: among equals it is the oldest that goes.
        for _ in range(20):
            client(port)
        assert scraper.is_ended_within(2.0)
        # All have been accepted: asyncio leaves a connection open that it accepts while its server is closed.
        assert status(client(port, GET).answer()) == 200


def test_where_all_are_at_work_a_further_one_is_told_so_at_once(routes: Routes, client: Clients) -> None:
    with served(routes, ServerLimits(connections=2)) as port:
        busy = [client(port, b"GET /waits HTTP/1.1\r\nHost: a\r\n\r\n") for _ in range(2)]
        routes.wait_for(2)
        answer = client(port).rest()
        assert status(answer) == 503
        assert fields(answer).items() >= HEADERS.items()
        routes.may_answer.set()
        assert [status(one.answer()) for one in busy] == [200, 200]


@pytest.mark.parametrize(
    "raw",
    [
        b"POST /read HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\na",
        b"POST /read HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n",
        b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n",
    ],
    ids=["body", "chunked body", "answer"],
)
def test_who_sends_or_takes_slowly_keeps_no_probe_out(routes: Routes, client: Clients, raw: bytes) -> None:
    with served(routes, ServerLimits(connections=4)) as port:
        for _ in range(5):
            for _ in range(6):
                client(port, raw, address="127.0.0.2")
            time.sleep(0.05)  # so that they get as far as they can
            probe = client(port, GET)
            assert status(probe.answer()) == 200
            probe.socket.close()


def test_who_goes_amid_a_body_is_no_fault_of_ours(routes: Routes, client: Clients) -> None:
    with capture_logs() as lines, served(routes, ServerLimits(connections=2)) as port:
        for _ in range(2):
            client(port, b"POST /read HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\na").socket.close()
        assert status(client(port, GET).answer()) == 200
        # The control: what a route did not foresee is told.
        assert status(client(port, b"GET /fails HTTP/1.1\r\nHost: a\r\n\r\n").answer()) == 500
    assert [line["event"] for line in lines if line["log_level"] == "error"] == ["http_request_failed"]
    assert routes.read == []


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"GET /livez?" + b"a" * 9_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"GET /livez HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 5_000 + b"\r\n\r\n", 400),
        (b"GET /livez HTTP/1.1\r\nHost: a\r\n" + b"X: a\r\n" * 70 + b"\r\n", 400),
        (b"POST /read HTTP/1.1\r\nHost: a\r\nContent-Length: 1001\r\n\r\n" + b"a" * 1_001, 413),
        (b"POST /read HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n" + b"a" * 1_001 + b"\r\n", 413),
        (b"POST /read HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n" + b"a" * 1_000, 200),
        (b"GET /livez HTTP/1.1\r\nHost: a\r\n" + b"X: a\r\n" * 60 + b"\r\n", 200),
    ],
    ids=["line", "field", "fields", "body", "chunked body", "a body that fits", "fields that fit"],
)
def test_sizes_are_bounded(routes: Routes, client: Clients, raw: bytes, expected: int) -> None:
    with served(routes, ServerLimits(lingering=SHORT)) as port:
        assert status(client(port, raw).answer()) == expected


# --- words


MARK: Final = b"Zqj<script>"
ODD: Final = {
    "path": (b"GET /%s HTTP/1.1\r\nHost: a\r\n\r\n", 404),
    "head": (b"HEAD /%s HTTP/1.1\r\nHost: a\r\n\r\n", 404),
    "method of a path": (b"PUT /livez?%s HTTP/1.1\r\nHost: a\r\n\r\n", 405),
    "method": (b"%s / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "version": (b"GET / HTTP/%s\r\nHost: a\r\n\r\n", 400),
    "field": (b"GET / HTTP/1.1\r\nHost: a\r\n%s \x01: b\r\n\r\n", 400),
    "length": (b"POST /read HTTP/1.1\r\nHost: a\r\nContent-Length: %s\r\n\r\n", 400),
    "chunk": (b"POST /read HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n%s\r\n", 400),
    "two lengths": (b"POST /read?%s HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
    "two framings": (
        b"POST /read?%s HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        400,
    ),
    "expectation": (b"GET /livez HTTP/1.1\r\nHost: a\r\nExpect: %s\r\n\r\n", 417),
    "no http": (b"\x16\x03\x01\x02\x00\x01%s\r\n\r\n", 400),
    "failure": (b"GET /fails?%s HTTP/1.1\r\nHost: a\r\nAccept: text/html\r\n\r\n", 500),
    "wanted": (b"GET /livez?%s HTTP/1.1\r\nHost: a\r\n\r\n", 200),
}


@pytest.mark.parametrize(("raw", "expected"), ODD.values(), ids=ODD)
def test_every_answer_has_the_same_headers_and_repeats_nothing(
    routes: Routes, client: Clients, raw: bytes, expected: int
) -> None:
    with served(routes, ServerLimits(body=1.0)) as port:
        answer = client(port, raw % MARK).answer()
    assert status(answer) == expected
    assert fields(answer).items() >= HEADERS.items()
    assert b"Zqj" not in answer
    assert not any(name in answer.lower() for name in (b"uvicorn", b"h11", b"litestar"))
    assert b"Python" not in answer
    assert len(answer.partition(b"\r\n\r\n")[2]) < 40


# --- what is left for the work


def test_the_address_of_a_limit_that_is_low_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("resource.getrlimit", lambda _which: (KEPT_BACK + 150, 4096))
    assert ServerLimits(connections=100, backlog=100).within_descriptors() == 50
    assert "few_descriptors" in capsys.readouterr().out
    assert ServerLimits(connections=50, backlog=100).within_descriptors() == 50
    assert capsys.readouterr().out == ""


SERVER: Final = """
import os, sys
from litestar import Router, get
from adapters.web.application import application
from adapters.web.serving import serving

@get("/")
async def opened() -> str:
    held = []
    try:
        while len(held) < 1000:
            held.append(os.open(os.devnull, os.O_RDONLY))
    except OSError:
        pass
    for one in held:
        os.close(one)
    return str(len(held))

with serving(application([Router("/", route_handlers=[opened])]), "127.0.0.1", 0) as port:
    print(port, flush=True)
    sys.stdin.read()
"""


def test_descriptors_are_kept_back_for_the_work_under_a_flood_of_idle_connections(client: Clients) -> None:
    command = ["sh", "-c", 'ulimit -n 440; exec "$0" -c "$1"', sys.executable, SERVER]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT, text=True) as process:
        assert process.stdout is not None
        port = int(next(line for line in process.stdout if line.strip().isdigit()))
        for _ in range(300):
            client(port)
        answer = client(port, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").answer()
        assert process.stdin is not None
        process.stdin.close()
    assert status(answer) == 200
    assert int(answer.partition(b"\r\n\r\n")[2]) >= KEPT_BACK


def test_the_thread_that_serves_keeps_to_its_share_of_a_processor() -> None:
    pace, worked = Pace(0.1, burst=0.01), time.thread_time()
    end = time.monotonic() + 0.3
    while time.monotonic() < end:
        sum(range(1_000))
        pace.keep()
    assert time.thread_time() - worked < 0.3 * 0.1 + 0.01 + 0.05


def test_what_it_was_made_for_is_not_paced(monkeypatch: pytest.MonkeyPatch, client: Clients) -> None:
    """The control: a scrape after another finds nobody asleep."""
    monkeypatch.setattr("adapters.web.limits.time.sleep", lambda _seconds: pytest.fail("it was paced"))
    with serving(application([operations(CollectorRegistry(), list, list)]), "127.0.0.1", 0) as port:
        one = client(port)
        for _ in range(20):
            one.send(b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n")
            assert status(one.answer()) == 200
