"""The HTTP server of all ports, over real sockets: requests of many shapes, one behind another, and a prompt end."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

import pytest
from structlog.testing import capture_logs

from adapters.web.limits import ServerLimits
from tests.support.http.clients import GET, LONG, SHORT, Clients, Routes, fields, served, status

LAST = b"GET /livez HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"


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


def statuses(raw: bytes) -> list[bytes]:
    return re.findall(rb"HTTP/1\.1 (\d+) ", raw)


def test_requests_that_come_at_once_are_answered_in_their_order(routes: Routes, client: Clients) -> None:
    post = b"POST /read HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nabcde"
    with served(routes, ServerLimits()) as port:
        raw = client(port, GET + post + b"GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n" + LAST).rest()
    assert statuses(raw) == [b"200", b"200", b"404", b"200"]
    assert routes.read == [5]


def test_of_many_that_come_at_once_one_is_answered_at_a_time(routes: Routes, client: Clients) -> None:
    with served(routes, ServerLimits()) as port:
        one = client(port, b"GET /waits HTTP/1.1\r\nHost: a\r\n\r\n" * 3 + LAST)
        routes.wait_for(1)
        routes.may_answer.set()
        assert statuses(one.rest()) == [b"200"] * 4


def test_what_is_no_request_behind_one_spoils_no_answer(routes: Routes, client: Clients) -> None:
    with served(routes, ServerLimits(lingering=SHORT)) as port:
        one = client(port, b"GET /waits HTTP/1.1\r\nHost: a\r\n\r\nrubbish\r\n\r\n")
        routes.wait_for(1)
        routes.may_answer.set()
        raw = one.rest()
    assert statuses(raw) == [b"200", b"400"]
    assert b"late\n" in raw


def test_a_body_that_turns_out_to_be_broken_reaches_nobody_and_is_no_fault_of_ours(
    routes: Routes, client: Clients
) -> None:
    with capture_logs() as lines, served(routes, ServerLimits(lingering=SHORT)) as port:
        one = client(port, b"POST /read HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n")
        one.send(b"nor this\r\n")
        assert statuses(one.rest()) == [b"400"]
    assert routes.read == []
    assert [line for line in lines if line["log_level"] == "error"] == []


def test_a_head_that_comes_in_pieces_is_bounded_as_a_whole(routes: Routes, client: Clients) -> None:
    with served(routes, ServerLimits(head=8_000, lingering=SHORT)) as port:
        one = client(port, b"GET /livez HTTP/1.1\r\nHost: a\r\n")
        for number in range(8):
            one.send(b"X%d: %s\r\n" % (number, b"a" * 1_000))
        assert status(one.answer()) == 400
        assert one.is_ended_within(1.0)


def test_who_is_told_to_go_on_does(routes: Routes, client: Clients) -> None:
    head = b"POST /read HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n"
    with served(routes, ServerLimits()) as port:
        one = client(port, head)
        assert one.socket.recv(1_000).startswith(b"HTTP/1.1 100 ")
        one.send(b"abcde")
        assert status(one.answer()) == 200


@pytest.mark.parametrize("method", [b"PUT", b"OPTIONS", b"TRACE"])
def test_a_method_that_a_path_does_not_have_is_told_those_that_it_has(
    routes: Routes, client: Clients, method: bytes
) -> None:
    with served(routes, ServerLimits()) as port:
        answer = client(port, method + b" /read HTTP/1.1\r\nHost: a\r\n\r\n").answer()
    assert (status(answer), fields(answer)["allow"]) == (405, "POST")


def test_every_answer_has_its_time(routes: Routes, client: Clients) -> None:
    with served(routes, ServerLimits(lingering=SHORT)) as port:
        for raw in (GET, b"rubbish\r\n\r\n"):
            assert b"\ndate: " in client(port, raw).answer().lower()


def test_a_stop_ends_idle_connections_at_once(routes: Routes, client: Clients) -> None:
    with served(routes, ServerLimits()) as port:
        idle = [client(port), client(port, GET), client(port, b"GET /livez HT")]
        assert status(idle[1].answer()) == 200
        begun = time.monotonic()
    assert time.monotonic() - begun < 1.0
    assert all(one.is_ended_within(1.0) for one in idle)


def test_a_stop_waits_for_answers_and_not_for_ever(client: Clients) -> None:
    for may_answer, expected in ((True, [b"200"]), (False, [])):
        routes = Routes()
        with served(routes, ServerLimits(), lets_go=may_answer) as port:
            one = client(port, b"GET /waits HTTP/1.1\r\nHost: a\r\n\r\n")
            routes.wait_for(1)
            begun = time.monotonic()
        assert time.monotonic() - begun < LONG / 4
        assert statuses(one.rest()) == expected
        routes.may_answer.set()
