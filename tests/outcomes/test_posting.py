"""How posts go out: retried under the same id, in the order of their ticket, given up in the end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from adapters.sqlite.outcome_posts import SqliteOutcomePosts
from outcomes.collecting import Collector
from outcomes.endpoint import Endpoint
from outcomes.ports import PostsAwayError, PostState, Selection
from outcomes.posting import EndpointLoop, Housekeeping, Posting
from outcomes.retries import Answer
from tests.support.outcomes import (
    HOUR,
    MINUTE,
    SECOND,
    TAKEN,
    FakeJobs,
    FakePoster,
    SeenPosting,
    an_endpoint,
    an_outcome,
    record_of,
)
from tests.support.sender.fakes import FakeClock, a_job


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not holds():  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.01)


@pytest.fixture
def posts(tmp_path: Path) -> Iterator[SqliteOutcomePosts]:
    with closing(SqliteOutcomePosts(tmp_path / "tocsin.db")) as made:
        yield made


class World:
    def __init__(self, posts: SqliteOutcomePosts, *answers: Answer, endpoints: tuple[Endpoint, ...] = ()) -> None:
        self.posts, self.clock, self.poster, self.seen = posts, FakeClock(), FakePoster(*answers), SeenPosting()
        endpoints = endpoints or (an_endpoint(),)
        self.collector = Collector(endpoints, posts, FakeJobs(), self.clock)
        self.posting = Posting(
            endpoints, posts, posts, posts, self.collector, self.poster, self.clock, lambda: 0.0, self.seen
        )
        self.loops = [EndpointLoop(self.posting, one) for one in endpoints]
        self.keeping = Housekeeping(self.posting)

    def hear(self, number: int, ticket: str = "T-1") -> None:
        job = a_job(f"e-{number}", ticket)
        self.collector.collect([record_of(an_outcome(job))])

    async def go_on(self, by: timedelta = timedelta(0)) -> None:
        self.clock.advance(by)
        await self.keeping.round()
        for loop in self.loops:
            await loop.drain()

    def states(self) -> list[PostState]:
        return [one.state for one in reversed(self.posts.list(Selection(), 100))]


async def test_a_post_that_is_taken_goes_once(posts: SqliteOutcomePosts) -> None:
    world = World(posts)
    world.hear(1)
    await world.go_on()
    await world.go_on(1_000 * HOUR)
    assert len(world.poster.posts) == 1
    assert world.states() == []  # forgotten, a week later


async def test_a_refused_post_goes_again_under_the_same_id_and_keeps_its_ticket_back(
    posts: SqliteOutcomePosts,
) -> None:
    world = World(posts, Answer(404), Answer(302), TAKEN)
    world.hear(1)
    world.hear(2)
    await world.go_on()
    await world.go_on(5 * SECOND)
    await world.go_on(4 * MINUTE)
    assert len(world.poster.posts) == 2
    await world.go_on(MINUTE)
    first, again, third, later = world.poster.ids()
    assert first == again == third != later
    assert [one.said for one in posts.list(Selection(), 2)] == ["HTTP 200", "HTTP 200"]


async def test_other_tickets_pass_by(posts: SqliteOutcomePosts) -> None:
    world = World(posts, Answer(400))
    world.hear(1)
    world.hear(2, "T-2")
    await world.go_on()
    assert len(set(world.poster.ids())) == 2
    assert world.states() == [PostState.WAITING, PostState.DELIVERED]


async def test_an_endpoint_that_is_away_is_probed_and_then_gets_all(posts: SqliteOutcomePosts) -> None:
    world = World(posts, *[Answer(why="no connection")] * 30)
    for number in range(20):
        world.hear(number, f"T-{number}")
    await world.go_on()
    assert 3 <= len(world.poster.posts) <= 6  # those that were on their way at once
    for _ in range(60):
        before = len(world.poster.posts)
        await world.go_on(5 * MINUTE)
        assert len(world.poster.posts) - before in {1, 20} or not world.poster.answers
        if set(world.states()) == {PostState.DELIVERED}:
            break
    assert set(world.states()) == {PostState.DELIVERED}


async def test_one_endpoint_does_not_hold_up_another(posts: SqliteOutcomePosts) -> None:
    class OneHangs(FakePoster):
        async def post(self, endpoint: Endpoint, headers: Mapping[str, str], body: bytes) -> Answer:
            if endpoint.name == "hangs":
                await asyncio.Event().wait()
            return await super().post(endpoint, headers, body)

    world = World(posts, endpoints=(an_endpoint("hangs"), an_endpoint("well")))
    world.posting.poster = OneHangs()
    for number in range(10):
        world.hear(number, f"T-{number}")
    stop = asyncio.Event()
    running = asyncio.create_task(world.posting.run(stop))
    await until(
        lambda: [one.state for one in posts.list(Selection(endpoint="well"), 100)] == [PostState.DELIVERED] * 10
    )
    assert world.seen.rounds == {"outcomes", "outcomes hangs", "outcomes well"}
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def test_what_is_tried_for_too_long_is_given_up(posts: SqliteOutcomePosts) -> None:
    world = World(posts, *[Answer(400)] * 100)
    world.hear(1)
    for _ in range(5 * 24):
        await world.go_on(HOUR)
    assert world.states() == [PostState.GIVEN_UP]
    assert world.seen.given_up == ["desk"]
    assert 8 <= len(world.poster.posts) <= 12
    assert [(one.waiting, one.given_up) for one in world.seen.standings] == [(0, 1)]


async def test_an_endpoint_that_wants_no_more_gets_no_more(posts: SqliteOutcomePosts) -> None:
    world = World(posts, Answer(410))
    world.hear(1)
    await world.go_on()
    world.hear(2, "T-2")
    await world.go_on(HOUR)
    assert len(world.poster.posts) == 1
    assert [one.endpoint for one in world.seen.is_disabled] == ["desk"]
    # A restart changes nothing, and neither does another endpoint of that name elsewhere: that one gets its posts.
    again = World(posts)
    await again.go_on(HOUR)
    assert again.poster.posts == []
    moved = World(posts, endpoints=(an_endpoint(url="https://elsewhere.example/"),))
    await moved.go_on(HOUR)
    assert len(moved.poster.posts) == 2


async def test_a_disabled_endpoint_is_enabled_by_a_person(posts: SqliteOutcomePosts) -> None:
    world = World(posts, Answer(410))
    world.hear(1)
    await world.go_on()
    assert posts.enable("desk")
    await world.go_on(HOUR)
    assert world.states() == [PostState.DELIVERED]


async def test_a_storage_that_is_away_is_waited_for(posts: SqliteOutcomePosts, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(posts)
    world.hear(1)
    real, fails = posts.take, [PostsAwayError("locked", "the file is locked")]

    def take(*arguments: object) -> object:
        if fails:
            raise fails.pop()
        return real(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(posts, "take", take)
    monkeypatch.setattr("outcomes.posting.PAUSE", 0.01)
    stop = asyncio.Event()
    running = asyncio.create_task(world.posting.run(stop))
    await until(lambda: bool(world.poster.posts))
    stop.set()
    await running
    assert any(one is not None for one in world.seen.away)
    assert world.states() == [PostState.DELIVERED]


async def test_a_fault_of_ours_ends_posting_with_its_error(posts: SqliteOutcomePosts) -> None:
    class Broken(FakePoster):
        async def post(self, endpoint: Endpoint, headers: Mapping[str, str], body: bytes) -> Answer:
            raise KeyError("a fault of ours")

    world = World(posts)
    world.posting.poster = Broken()
    world.hear(1)
    with pytest.raises(KeyError):
        await world.posting.run(asyncio.Event())


async def test_a_clock_that_was_ahead_holds_nothing_back(posts: SqliteOutcomePosts) -> None:
    world = World(posts, Answer(400))
    world.clock.advance(1_000 * HOUR)
    world.hear(1)
    await world.go_on()
    world.clock.advance(-1_000 * HOUR)
    await world.go_on()
    assert world.states() == [PostState.DELIVERED]
