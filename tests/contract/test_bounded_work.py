"""Too much is posted over real HTTP, or the log hangs: an answer comes in time, and it promises nothing."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import httpx
import pytest

from adapters.web.application import application
from adapters.web.intake import TakeEvents, intake
from adapters.web.operations import alive
from adapters.web.serving import serving
from adapters.web.tokens import ApiToken, Tokens
from adapters.web.whole_requests import MOST_HELD
from adapters.web.workers import Workers, WorkLimits
from intake.acceptance import Accepted, Answer, EventAcceptance
from intake.cloudevents.reading import EVENT
from schemas.event import MAX_EVENT_BYTES
from schemas.log import NewRecord
from tests.support.engine_on_fakes import Still
from tests.support.helpdesk.events import NOW
from tests.support.helpdesk.files import created
from tests.support.http.clients import Clients

TOKEN = "a-token-of-the-tests"
SENT = {"Authorization": f"Bearer {TOKEN}", "Content-Type": EVENT}
LONG = 30.0


class HangingLog:
    """An EventSink that appends once it may."""

    def __init__(self) -> None:
        self.may_go_on = threading.Event()
        self.begun = threading.Semaphore(0)
        self.appended: list[NewRecord] = []

    def append(self, records: Sequence[NewRecord]) -> None:
        self.begun.release()
        assert self.may_go_on.wait(LONG)
        self.appended += records

    def close(self) -> None:
        self.may_go_on.set()


@pytest.fixture
def log() -> Iterator[HangingLog]:
    made = HangingLog()
    yield made
    made.close()


@contextmanager
def posting(take: TakeEvents, workers: Workers) -> Iterator[httpx.Client]:
    served = application([alive(), intake(take, workers)], Tokens([ApiToken.of(TOKEN)]))
    with serving(served, "127.0.0.1", 0) as port, httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
        yield client
        workers.close()


def into(log: HangingLog) -> TakeEvents:
    return EventAcceptance(log, Still(NOW)).take


def post(client: httpx.Client, number: int = 1) -> tuple[int, str, str | None]:
    answer = client.post("/v1/events", headers=SENT, json=created(number), timeout=LONG)
    return answer.status_code, answer.json().get("code", ""), answer.headers.get("Retry-After")


def test_a_log_that_hangs_is_answered_in_time_and_nothing_is_promised(log: HangingLog) -> None:
    with posting(into(log), Workers(WorkLimits(within=0.3))) as client:
        assert post(client) == (503, "too_slow", "5")
        # Whoever asks whether it is alive is answered meanwhile.
        assert client.get("/livez").status_code == 200
        log.may_go_on.set()
        assert post(client, 2)[0] == 202
    # The first one may get in all the same: it was answered with neither yes nor no.
    assert {one.key for one in log.appended} == {b"T-1", b"T-2"}


def test_the_limit_as_shipped_is_below_the_five_seconds_of_helpdesks() -> None:
    assert WorkLimits().within < 5


def test_beyond_the_bound_the_answer_comes_at_once(log: HangingLog) -> None:
    workers = Workers(WorkLimits(calls=2, threads=1, within=1.0))
    with posting(into(log), workers) as client, ThreadPoolExecutor(2) as threads:
        first = threads.submit(post, client, 1)
        assert log.begun.acquire(timeout=LONG)
        second = threads.submit(post, client, 2)
        wait_until(lambda: workers.calls == 2)
        assert post(client, 3) == (503, "overloaded", "1")
        assert (first.result()[1], second.result()[1]) == ("too_slow", "too_slow")
        log.may_go_on.set()
        wait_until(lambda: workers.calls == 0)
        assert post(client, 4)[0] == 202
    # What waited was answered before it had begun, and was never done.
    assert [one.key for one in log.appended] == [b"T-1", b"T-4"]


def wait_until(holds: Callable[[], bool]) -> None:
    pause, deadline = threading.Event(), time.monotonic() + LONG
    while not holds():
        assert time.monotonic() < deadline
        pause.wait(0.005)


def test_a_call_that_hangs_counts_until_it_returns(log: HangingLog) -> None:
    """Else memory would grow with each post that a hanging log swallows."""
    with posting(into(log), Workers(WorkLimits(calls=1, within=0.1))) as client:
        assert post(client)[1] == "too_slow"
        assert [post(client)[1] for _ in range(3)] == ["overloaded"] * 3


def test_the_bodies_of_all_calls_are_bounded(log: HangingLog) -> None:
    two = 2 * len(json.dumps(created(1)))
    with posting(into(log), Workers(WorkLimits(size=two, within=0.1))) as client:
        assert post(client)[1] == "too_slow"
        assert post(client)[1] == "too_slow"
        assert post(client)[1] == "overloaded"


def test_an_error_of_a_call_is_no_lack_of_time() -> None:
    def failing(_headers: list[tuple[bytes, bytes]], _body: bytes) -> Answer:
        raise TimeoutError

    with posting(failing, Workers(WorkLimits())) as client:
        assert post(client)[:2] == (500, "failed")


def test_bodies_that_are_being_read_hold_64_mib_at_most() -> None:
    clients, part = Clients(), 4 * MAX_EVENT_BYTES
    taken: list[int] = []

    def take(_headers: list[tuple[bytes, bytes]], body: bytes) -> Answer:
        taken.append(len(body))
        return Accepted()

    head = f"POST /v1/events HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {TOKEN}\r\nContent-Length: {part}\r\n\r\n"
    with posting(take, Workers(WorkLimits())) as client:
        port = client.base_url.port or 0
        most = MOST_HELD // part
        # Each lacks its last byte, so that all are held; what comes beyond is refused.
        held = [clients(port, head.encode() + b"x" * (part - 1)) for _ in range(most)]
        pause, deadline = threading.Event(), time.monotonic() + LONG
        while (answer := client.post("/v1/events", headers=SENT, content=b"y" * 100)).status_code != 503:
            assert time.monotonic() < deadline, "more than the bound is held"
            pause.wait(0.05)
        assert (answer.headers["Retry-After"], answer.json()["code"]) == ("1", "unavailable")
        taken.clear()
        for one in held:
            one.socket.sendall(b"x")
        assert all(b" 202 " in one.answer() for one in held)
        assert client.post("/v1/events", headers=SENT, content=b"y").status_code == 202
    clients.close()
    assert taken[:most] == [part] * most
