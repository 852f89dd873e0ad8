"""Every storage of ticket states keeps every promise, and every promise is one that a storage can break."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from inspect import isfunction
from pathlib import Path

import pytest

from adapters.postgres.ticket_states import PostgresTicketStates
from adapters.sqlite.event_log import SqliteLog
from adapters.sqlite.ticket_states import SqliteTicketStates
from schemas.log import NewRecord
from schemas.topics import TICKETS
from tests.contract import ticket_state_promises
from tests.contract.broken_ticket_states import BROKEN
from tests.contract.ticket_state_promises import T1, Promise, States, World, take
from tests.intake.posts import START
from tests.support.intake.in_memory_states import InMemoryTicketStates

every_promise = pytest.mark.parametrize("promise", BROKEN, ids=lambda promise: promise.__name__)

THREADS = 4
EACH = 12


class ListWorld:
    """A storage whose events go to a list."""

    def __init__(self, states: States) -> None:
        self.states = states
        self.log: list[bytes | None] = []
        self._turn = threading.Lock()

    def append(self, records: Sequence[NewRecord]) -> None:
        with self._turn:
            assert {one.topic for one in records} == {TICKETS}
            self.log += [one.value for one in records]


class SqliteWorld:
    """A storage that has the log in the same file."""

    def __init__(self, states: States, log: SqliteLog) -> None:
        self.states = states
        self._log = log

    @property
    def log(self) -> list[bytes | None]:
        return [one.value for one in self._log.read(TICKETS)]

    def append(self, records: Sequence[NewRecord]) -> None:
        raise AssertionError("what is taken is in the log already")


class TestTicketStates:
    """One class for all adapters."""

    @pytest.fixture(params=["memory", "sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
    def world(self, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
        if request.param == "memory":
            yield ListWorld(InMemoryTicketStates())
        elif request.param == "sqlite":
            path = tmp_path / "tocsin.db"
            with closing(SqliteTicketStates(path)) as states, closing(SqliteLog(path)) as log:
                yield SqliteWorld(states, log)
        else:
            with closing(PostgresTicketStates(request.getfixturevalue("postgres_url"), connections=4)) as made:
                yield ListWorld(made)

    @every_promise
    def test_keeps_the_promise(self, world: World, promise: Promise) -> None:
        promise(world)


@every_promise
def test_a_storage_that_breaks_the_promise_is_found(promise: Promise) -> None:
    with pytest.raises(AssertionError):
        promise(ListWorld(BROKEN[promise]()))


def test_no_promise_is_left_out() -> None:
    named = {
        one
        for name, one in vars(ticket_state_promises).items()
        if isfunction(one) and list(one.__annotations__) == ["world", "return"]
    }
    assert named == set(BROKEN)


def under_load(world: World, others: Sequence[States]) -> None:
    """Several take deliveries of one ticket at the same time, each of them also one that another one takes."""

    def work(number: int) -> None:
        states = others[number % len(others)]
        mine = ListWorldOf(world, states)
        for turn in range(EACH):
            for event in (f"e-{number}-{turn}", f"shared-{turn}"):
                taken = take(mine, T1, event)
                if not taken.is_published:
                    states.publish(world.append, T1)

    with ThreadPoolExecutor(THREADS) as pool:
        for done in [pool.submit(work, number) for number in range(THREADS)]:
            done.result()
    total = THREADS * EACH + EACH
    assert world.log == [b'{"number":%d}' % number for number in range(1, total + 1)]


class ListWorldOf:
    """The same log, by another process."""

    def __init__(self, world: World, states: States) -> None:
        self.states = states
        self.log = world.log
        self.append = world.append


@pytest.mark.postgres
def test_processes_on_one_database_take_and_publish_in_one_order(postgres_url: str) -> None:
    with (
        closing(PostgresTicketStates(postgres_url, connections=3)) as one,
        closing(PostgresTicketStates(postgres_url, connections=3)) as two,
    ):
        under_load(ListWorld(one), [one, two])


def test_threads_and_connections_on_one_file_take_in_one_order(tmp_path: Path) -> None:
    path = tmp_path / "tocsin.db"
    with (
        closing(SqliteTicketStates(path)) as one,
        closing(SqliteTicketStates(path)) as two,
        closing(SqliteLog(path)) as log,
    ):
        under_load(SqliteWorld(one, log), [one, two])


@pytest.mark.postgres
def test_what_is_taken_is_known_after_a_restart(postgres_url: str) -> None:
    with closing(PostgresTicketStates(postgres_url)) as states:
        taken = take(ListWorld(states), T1, "e-1")
    with closing(PostgresTicketStates(postgres_url)) as states:
        world = ListWorld(states)
        assert states.publish(world.append) == 1
        assert (world.log, take(world, T1, "e-1").event) == ([taken.event], taken.event)


def test_a_file_keeps_what_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "tocsin.db"
    with closing(SqliteTicketStates(path)) as states, closing(SqliteLog(path)) as log:
        taken = take(SqliteWorld(states, log), T1, "e-1", now=START)
    with closing(SqliteTicketStates(path)) as states, closing(SqliteLog(path)) as log:
        [record] = log.read(TICKETS)
        assert (record.key, record.value, record.timestamp) == (b"T-1", taken.event, START)
        assert record.headers == (("content-type", b"application/cloudevents+json"),)
        assert take(SqliteWorld(states, log), T1, "e-1").is_repeated
