"""The HTTP server of all ports, over real sockets: nobody holds a connection of it for longer than it allows."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress

import pytest

from adapters.web.limits import ServerLimits
from tests.support.http.clients import GET, LARGE, LONG, SHORT, Client, Clients, Routes, served, status


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


def trickle(one: Client, raw: bytes, seconds: float) -> None:
    end, at = time.monotonic() + seconds, 0
    with suppress(ConnectionError):
        while time.monotonic() < end:
            one.send(raw[at % len(raw) :][:1])
            at += 1
            time.sleep(0.02)


@pytest.mark.parametrize("waiting", [SHORT, LONG])
def test_a_head_that_trickles_in_is_not_waited_for_without_end(routes: Routes, client: Clients, waiting: float) -> None:
    with served(routes, ServerLimits(waiting=waiting)) as port:
        one = client(port, b"GET /livez HTTP/1.1\r\nX: ")
        trickle(one, b"a", 3 * SHORT)
        assert one.is_open is (waiting == LONG)


@pytest.mark.parametrize("before", [b"", GET])
@pytest.mark.parametrize("waiting", [SHORT, LONG])
def test_an_idle_connection_is_closed(routes: Routes, client: Clients, before: bytes, waiting: float) -> None:
    with served(routes, ServerLimits(waiting=waiting)) as port:
        one = client(port, before)
        if before:
            assert status(one.answer()) == 200
        assert one.is_ended_within(3 * SHORT) is (waiting == SHORT)


def test_a_body_that_trickles_in_is_given_up(routes: Routes, client: Clients) -> None:
    with served(routes, ServerLimits(body=SHORT, lingering=SHORT)) as port:
        one = client(port, b"POST /read HTTP/1.1\r\nHost: a\r\nContent-Length: 900\r\n\r\n")
        trickle(one, b"a", SHORT)
        assert status(one.rest()) == 408
        assert routes.read == []
        # The control: one that comes is handed on.
        whole = client(port, b"POST /read HTTP/1.1\r\nHost: a\r\nContent-Length: 900\r\n\r\n" + b"a" * 900)
        assert status(whole.answer()) == 200
    assert routes.read == [900]


def test_a_body_that_nobody_wants_is_not_waited_for(routes: Routes, client: Clients) -> None:
    with served(routes, ServerLimits(body=LONG, lingering=SHORT)) as port:
        one = client(port, b"POST /nowhere HTTP/1.1\r\nHost: a\r\nContent-Length: 900\r\n\r\n")
        assert status(one.answer()) == 404
        assert one.is_ended_within(1.0)


@pytest.mark.parametrize("exchange", [SHORT, LONG])
def test_an_answer_that_nobody_takes_is_given_up(routes: Routes, client: Clients, exchange: float) -> None:
    with served(routes, ServerLimits(exchange=exchange)) as port:
        one = client(port, b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n")
        time.sleep(3 * SHORT)
        # What the system's buffers hold can be had all the same, and no more.
        got = len(one.rest()) if exchange == SHORT else len(one.all_of(LARGE))
        assert (got >= LARGE) is (exchange == LONG)


def test_a_connection_that_closes_with_its_answer_not_taken_is_let_go(routes: Routes, client: Clients) -> None:
    with served(routes, ServerLimits(exchange=SHORT, connections=1)) as port:
        client(port, b"GET /large HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        end = time.monotonic() + 2
        while (got := status(client(port, GET).answer())) != 200:
            assert got in (0, 503)
            assert time.monotonic() < end
            time.sleep(0.05)
