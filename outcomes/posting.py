"""Posts what is kept: for each endpoint a few posts at a time, none of which waits for another endpoint."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final

from msgspec import Struct, field

from outcomes.collecting import MOST_SUMS, Collector
from outcomes.endpoint import Endpoint
from outcomes.log_lines import tell_answer, tell_brought_back, tell_enabled, tell_given_up, tell_pause
from outcomes.ports import (
    Disabled,
    EndpointSwitch,
    Poster,
    PostingMonitor,
    PostListing,
    PostQueue,
    PostsAwayError,
    Taken,
)
from outcomes.retries import DELAYS, LONGEST_ASKED_FOR, SPREAD, Answer, Pause, Verdict, next_try
from outcomes.signing import signed_headers
from schemas.clock import Clock

PAUSE: Final = 1.0
"""Seconds between two looks where there was nothing to do."""

LOOK_EVERY: Final = timedelta(seconds=5)
"""Between two looks at how all posts stand."""

TIDY_EVERY: Final = timedelta(minutes=1)

KEPT_FOR: Final = timedelta(days=7)
"""How long posts that have ended are kept, and what was heard of the jobs of a save."""

_FURTHEST: Final = max(*DELAYS, LONGEST_ASKED_FOR) * (1 + SPREAD) + timedelta(hours=1)
"""Nothing waits longer by itself: what does was put off by a clock that was ahead."""


class PostingSettings(Struct, frozen=True):
    """How posts go out.

    `lease` is how long a post belongs to the process that took it, longer than any try; `at_once` how many of one
    endpoint are on their way at a time; `give_up_after` how long a post is tried.
    """

    give_up_after: timedelta = timedelta(days=4)
    lease: timedelta = timedelta(minutes=1)
    at_once: int = 4


class Posting(Struct):
    """Everything that is needed to post. Its methods are called from one event loop; the storage, from its threads."""

    endpoints: Sequence[Endpoint]
    posts: PostQueue
    switch: EndpointSwitch
    listing: PostListing
    collector: Collector
    poster: Poster
    clock: Clock
    chance: Callable[[], float]
    monitor: PostingMonitor
    settings: PostingSettings = field(default_factory=PostingSettings)

    async def run(self, stop: asyncio.Event) -> None:
        """Post until told to stop; tries under way are finished. An error of ours in one part ends all, and is raised.

        Each endpoint has a loop of its own, so that none waits for another.
        """
        loops = {f"outcomes {one.name}": EndpointLoop(self, one) for one in self.endpoints}
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._repeat("outcomes", Housekeeping(self).round, stop))
                for name, loop in loops.items():
                    group.create_task(self._posted(name, loop, stop))
        except BaseExceptionGroup as errors:
            raise errors.exceptions[0] from None

    async def drain(self) -> None:
        """Post all that is due now, once."""
        await Housekeeping(self).round()
        async with asyncio.TaskGroup() as group:
            for one in self.endpoints:
                group.create_task(EndpointLoop(self, one).drain())

    async def _posted(self, name: str, loop: EndpointLoop, stop: asyncio.Event) -> None:
        await self._repeat(name, loop.round, stop)
        with suppress(PostsAwayError):
            # What could not be written down is tried again, under the same id.
            await loop.finish()

    async def _repeat(self, name: str, turn: Callable[[], Awaitable[bool]], stop: asyncio.Event) -> None:
        while not stop.is_set():
            self.monitor.came_round(name)
            try:
                more = await turn()
                self.monitor.waits_for_storage(None)
            except PostsAwayError as error:
                self.monitor.waits_for_storage(error)
                more = False
            if not more:
                with suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), PAUSE)


class Housekeeping:
    """Sums saves, gives up and forgets what is old, and tells how all posts stand."""

    def __init__(self, posting: Posting) -> None:
        self._of = posting
        self._looked: datetime | None = None
        self._tidied: datetime | None = None

    async def round(self) -> bool:
        """One turn; says whether there is more to do at once."""
        summed = await asyncio.to_thread(self._of.collector.sum_up)
        now = self._of.clock.now()
        if _is_time(self._tidied, now, TIDY_EVERY):
            await asyncio.to_thread(self._tidy, now)
            self._tidied = now
        if _is_time(self._looked, now, LOOK_EVERY):
            await asyncio.to_thread(self._look, now)
            self._looked = now
        return summed == MOST_SUMS

    def _tidy(self, now: datetime) -> None:
        posts = self._of.posts
        if number := posts.bring_back(now, _FURTHEST):
            tell_brought_back(number)
        while given_up := posts.give_up(now - self._of.settings.give_up_after, now):
            for one in given_up:
                tell_given_up(one)
                self._of.monitor.gave_up(one.endpoint, 1)
        while posts.prune(now - KEPT_FOR):
            pass

    def _look(self, now: datetime) -> None:
        self._of.monitor.standing(self._of.listing.standing(), self._of.switch.disabled(), now)


class EndpointLoop:
    """Posts to one endpoint. A place that comes free is taken at once: a slow answer holds up its ticket alone."""

    def __init__(self, posting: Posting, endpoint: Endpoint) -> None:
        self._of = posting
        self._endpoint = endpoint
        self._pause = Pause(posting.chance)
        self._under_way: set[asyncio.Task[None]] = set()
        self._is_disabled = False

    async def round(self) -> bool:
        """Take what is due, and wait until one try has ended; says whether there may be more to do at once."""
        self._under_way |= {asyncio.create_task(self._try(one)) for one in await self._taken()}
        if not self._under_way:
            return False
        done, self._under_way = await asyncio.wait(self._under_way, timeout=PAUSE, return_when=asyncio.FIRST_COMPLETED)
        _raise_any([one.exception() for one in done])
        return True

    async def finish(self) -> None:
        """Wait for the tries that are under way."""
        results = await asyncio.gather(*self._under_way, return_exceptions=True)
        _raise_any([one for one in results if isinstance(one, BaseException)])

    async def drain(self) -> None:
        """Post what is due, until nothing is or the endpoint is away."""
        while await self.round():
            pass

    async def _taken(self) -> Sequence[Taken]:
        now = self._of.clock.now()
        free = (1 if self._pause.is_open else self._of.settings.at_once) - len(self._under_way)
        if free <= 0 or self._pause.until(now) is not None or await asyncio.to_thread(self._look_whether_disabled):
            return ()
        return await asyncio.to_thread(self._of.posts.take, self._endpoint.name, now, free, self._of.settings.lease)

    async def _try(self, post: Taken) -> None:
        headers = signed_headers(post.id, self._of.clock.now(), post.body, self._endpoint.secrets)
        answer = await self._of.poster.post(self._endpoint, headers, post.body)
        now = self._of.clock.now()
        self._hear(post, answer, now)
        is_delivered = answer.verdict is Verdict.DELIVERED
        due = None if is_delivered else next_try(answer, post.attempt, now, self._of.chance)
        await asyncio.to_thread(self._of.posts.answered, post, answer.said, now, due)
        if answer.verdict is Verdict.GONE:
            one = Disabled(self._endpoint.name, self._endpoint.place, now, answer.said)
            await asyncio.to_thread(self._of.switch.disable, one)

    def _hear(self, post: Taken, answer: Answer, now: datetime) -> None:
        was_away = self._pause.is_open
        self._pause.answered(answer, now)
        self._of.monitor.answered(post.endpoint, answer)
        tell_answer(post, answer)
        tell_pause(post.endpoint, answer, was_away, self._pause.is_open)

    def _look_whether_disabled(self) -> bool:
        disabled = any(
            (one.endpoint, one.place) == (self._endpoint.name, self._endpoint.place)
            for one in self._of.switch.disabled()
        )
        if self._is_disabled and not disabled:
            tell_enabled(self._endpoint.name)
        self._is_disabled = disabled
        return disabled


def _raise_any(errors: Sequence[BaseException | None]) -> None:
    """Raise one of these errors, if there is any: a fault of ours before an outage."""
    for error in sorted((one for one in errors if one is not None), key=lambda one: isinstance(one, PostsAwayError)):
        raise error


def _is_time(last: datetime | None, now: datetime, every: timedelta) -> bool:
    # A clock that was set back is no reason to wait.
    return last is None or not timedelta(0) <= now - last < every
