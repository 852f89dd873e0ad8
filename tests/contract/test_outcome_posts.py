"""Every storage of outcome posts keeps every promise, and storages that break one are found."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from adapters.postgres.outcome_posts import PostgresOutcomePosts
from adapters.sqlite.outcome_posts import SqliteOutcomePosts
from outcomes.ports import NewPost, Posts, Selection, Taken
from tests.contract import outcome_post_promises as promises
from tests.contract.outcome_post_promises import LEASE, PROMISES, Promise, a_post, keep
from tests.support.sender.fakes import START

every_promise = pytest.mark.parametrize("promise", PROMISES, ids=lambda promise: promise.__name__)


class TestOutcomePosts:
    """One class for all adapters."""

    @pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
    def posts(self, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Posts]:
        if request.param == "sqlite":
            with closing(SqliteOutcomePosts(tmp_path / "tocsin.db")) as posts:
                yield posts
        else:
            with closing(PostgresOutcomePosts(request.getfixturevalue("postgres_url"), connections=2)) as made:
                yield made

    @every_promise
    def test_keeps_the_promise(self, posts: Posts, promise: Promise) -> None:
        promise(posts)


class PutsOffForAnother(SqliteOutcomePosts):
    def answered(self, post: Taken, said: str, now: datetime, due: datetime | None) -> bool:
        current = self.list(Selection(id=post.id), 1)[0].attempts
        return super().answered(Taken(post.seq, post.id, post.endpoint, current, post.body), said, now, due)


class GivesToAnybody(SqliteOutcomePosts):
    def take(self, endpoint: str, now: datetime, limit: int, lease: timedelta) -> Sequence[Taken]:
        return super().take(endpoint, now, limit, timedelta(0))


class ForgetsAtOnce(SqliteOutcomePosts):
    def answered(self, post: Taken, said: str, now: datetime, due: datetime | None) -> bool:
        changed = super().answered(post, said, now, due)
        self.prune(now)
        return changed


class KnowsNoClock(SqliteOutcomePosts):
    def bring_back(self, now: datetime, longest: timedelta) -> int:
        return 0


class BlanksPostsAlone(SqliteOutcomePosts):
    def _pages_of_parts(self) -> Iterator[Sequence[object]]:  # type: ignore[override]
        return iter(())


BROKEN: list[tuple[Callable[[Path], SqliteOutcomePosts], Promise]] = [
    (PutsOffForAnother, promises.a_lease_that_has_ended_lets_others_try),
    (GivesToAnybody, promises.what_is_kept_comes_once),
    (ForgetsAtOnce, promises.a_delivered_one_is_still_known),
    (KnowsNoClock, promises.what_a_clock_that_was_ahead_put_off_comes_back),
    (BlanksPostsAlone, promises.all_bodies_can_be_rewritten),
]


@pytest.mark.parametrize(("storage", "promise"), BROKEN)
def test_a_storage_that_breaks_a_promise_is_found(
    tmp_path: Path, storage: Callable[[Path], SqliteOutcomePosts], promise: Promise
) -> None:
    with closing(storage(tmp_path / "tocsin.db")) as posts, pytest.raises(AssertionError):
        promise(posts)


TICKETS, EACH = 5, 8


def deliver_all(posts: Posts, order: list[str]) -> None:
    """As one of several processes: take and deliver until nothing is left."""
    idle = 0
    while idle < 3:
        taken = posts.take("desk", START, 2, LEASE)
        idle = 0 if taken else idle + 1
        for one in taken:
            order.append(one.body.decode())
            assert posts.answered(one, "HTTP 200", START, None)


def under_load(posts: Posts, others: Sequence[Posts]) -> None:
    """Several processes keep and deliver at the same time: each post goes once, those of a ticket in order."""
    order: list[str] = []

    def work(mine: Posts) -> None:
        for number in range(EACH):
            keep(mine, *(a_post(f"{ticket}/{number}", f"T-{ticket}") for ticket in range(TICKETS)))
            deliver_all(mine, order)

    with ThreadPoolExecutor(len(others)) as pool:
        for done in [pool.submit(work, one) for one in others]:
            done.result()
    deliver_all(posts, order)
    for ticket in range(TICKETS):
        assert [one for one in order if one.startswith(f"{ticket}/")] == [f"{ticket}/{n}" for n in range(EACH)]


def test_connections_on_one_file_deliver_each_once_and_in_order(tmp_path: Path) -> None:
    path = tmp_path / "tocsin.db"
    with closing(SqliteOutcomePosts(path)) as one, closing(SqliteOutcomePosts(path)) as two:
        under_load(one, [one, two])


@pytest.mark.postgres
def test_processes_on_one_database_deliver_each_once_and_in_order(postgres_url: str) -> None:
    with closing(PostgresOutcomePosts(postgres_url)) as one, closing(PostgresOutcomePosts(postgres_url)) as two:
        under_load(one, [one, two, one])


def test_what_was_kept_is_there_after_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "tocsin.db"
    with closing(SqliteOutcomePosts(path)) as posts:
        keep(posts, a_post("a"))
    with closing(SqliteOutcomePosts(path)) as posts:
        [one] = posts.take("desk", START, 1, LEASE)
        assert isinstance(one, Taken)
        assert one.body == NewPost("", "", "", "", "", "", b"a").body
