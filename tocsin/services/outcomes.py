"""Posting outcomes beside a sender: in a thread with an event loop of its own, so that nothing there delays a mail."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Coroutine, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from datetime import datetime
from importlib.metadata import version
from typing import Final

from adapters.prometheus.outcome_metrics import OutcomeMetrics
from adapters.webhooks.poster import HttpPoster
from outcomes.collecting import Collector
from outcomes.endpoint import Endpoint
from outcomes.ports import Disabled, PostsAwayError, PostsUnavailableError, Standing
from outcomes.posting import Posting
from outcomes.retries import Answer
from schemas.clock import Clock
from schemas.endpoint_file import MOST_ENDPOINTS
from schemas.log import NewRecord
from sender.ledger.port import LedgerAwayError, LedgerUnavailableError
from sender.ports import Topics
from tocsin.config.wiring.outcomes import OpenPosts, OutcomeSettings
from tocsin.services.lifecycle.loops import LOOK_SECONDS
from tocsin.services.lifecycle.stopping import Stop
from tocsin.services.lifecycle.vitals import Vitals
from tocsin.services.reload.endpoints_in_force import ReloadingEndpoints

PART: Final = "outcomes"


class LivingPosting:
    """A PostingMonitor that tells metrics of what happens, and vitals that it goes on."""

    def __init__(
        self, metrics: OutcomeMetrics, vitals: Vitals, wait_for_ledger: Callable[[str, LedgerAwayError | None], None]
    ) -> None:
        self._metrics = metrics
        self._vitals = vitals
        self._wait_for_ledger = wait_for_ledger
        self._loops: set[str] = set()

    def answered(self, endpoint: str, answer: Answer) -> None:
        """See outcomes.ports.PostingMonitor."""
        self._metrics.answered(endpoint, answer)

    def gave_up(self, endpoint: str, posts: int) -> None:
        """See outcomes.ports.PostingMonitor."""
        self._metrics.gave_up(endpoint, posts)

    def standing(self, standings: Sequence[Standing], disabled: Sequence[Disabled], now: datetime) -> None:
        """See outcomes.ports.PostingMonitor."""
        self._metrics.show(standings, disabled, now)
        remarks = [f"endpoint {one.endpoint} wants no posts any more ({one.why})" for one in disabled]
        self._vitals.remark(PART, remarks)

    def came_round(self, loop: str) -> None:
        """See outcomes.ports.PostingMonitor."""
        self._loops.add(loop)
        self._vitals.beat(loop)

    def waits_for_storage(self, why: PostsAwayError | None) -> None:
        """See outcomes.ports.PostingMonitor."""
        self._wait_for_ledger(PART, None if why is None else LedgerAwayError(why.code, str(why)))

    def over(self) -> None:
        """Posting has ended."""
        for loop in self._loops:
            self._vitals.over(loop)
        self._loops.clear()


class ToldTopics:
    """The topics of a sender; what they are told, the endpoints of helpdesks are told too.

    First the topics, so that what they do not take is collected once, when they take it.
    """

    def __init__(self, topics: Topics, collector: Collector) -> None:
        self._topics = topics
        self._collector = collector
        self._appended: list[NewRecord] = []
        """What the topics have taken, and is still to be collected."""

    def append(self, records: Sequence[NewRecord]) -> None:
        """See sender.ports.Topics. The posts lie in the ledger's database, so its outage is one of the ledger."""
        # What comes again, since it could not be collected, would else be appended each second of an outage.
        known = len(self._appended)
        new = records[known:] if list(records[:known]) == self._appended else records
        if new:
            self._topics.append(new)
        self._appended = list(records)
        try:
            self._collector.collect(records)
        except PostsUnavailableError as error:
            kind = LedgerAwayError if isinstance(error, PostsAwayError) else LedgerUnavailableError
            raise kind(error.code, str(error)) from error
        self._appended = []


class OutcomePosting:
    """Collects and posts, to the endpoints that the files name: posting begins anew when those change."""

    def __init__(self, settings: OutcomeSettings, posts: OpenPosts, clock: Clock, monitor: LivingPosting) -> None:
        """Raises NoAuthoritiesError, FaultyFileError and SettingsError."""
        self._settings = settings.posting
        self._posts = posts
        self._clock = clock
        self._monitor = monitor
        self._collector = Collector((), posts, posts, clock)
        self._in_force = ReloadingEndpoints(settings.source, self._use)

    def told(self, topics: Topics) -> Topics:
        """The topics, from which outcomes are collected."""
        return ToldTopics(topics, self._collector)

    async def run(self, stop: Stop) -> None:
        """Post until told to stop; tries under way are finished."""
        await _in_own_thread(lambda: self._run(stop))

    async def drain(self) -> None:
        """Post what is due now, once."""
        await _in_own_thread(self._drain)

    def _use(self, endpoints: Sequence[Endpoint]) -> None:
        # First what may fail: endpoints that nothing can be posted to are told nothing.
        poster = HttpPoster(endpoints, version("tocsin"), self._clock, connections=self._settings.at_once)
        self._posting = Posting(
            endpoints,
            self._posts,
            self._posts,
            self._posts,
            self._collector,
            poster,
            self._clock,
            random.random,
            self._monitor,
            self._settings,
        )
        self._collector.tell(endpoints)

    async def _run(self, stop: Stop) -> None:
        self._use_threads()
        stopped = stop.in_loop()
        while not stopped.is_set():
            await self._post_until_changed(stopped)

    async def _post_until_changed(self, stopped: asyncio.Event) -> None:
        """Post to the endpoints of now, and finish what is under way when they change, or at a stop."""
        posting, ended = self._posting, asyncio.Event()
        watching = asyncio.create_task(self._watch(stopped, ended))
        try:
            await posting.run(ended)
            await watching
        finally:
            watching.cancel()
            self._monitor.over()
            await posting.poster.close()

    async def _watch(self, stopped: asyncio.Event, ended: asyncio.Event) -> None:
        try:
            while not await _is_set_within(stopped, LOOK_SECONDS):
                if await asyncio.to_thread(self._in_force.refresh):
                    return
        finally:
            # Also after an error of ours: nothing posts on that could not be told to stop.
            ended.set()

    async def _drain(self) -> None:
        self._use_threads()
        await self._posting.drain()
        await self._posting.poster.close()

    def _use_threads(self) -> None:
        # One for each look-up of a name that may hang, and some for the storage. They are made as they are needed.
        most = 4 + MOST_ENDPOINTS * (self._settings.at_once + 1)
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(most, "outcomes"))


async def _is_set_within(event: asyncio.Event, seconds: float) -> bool:
    with suppress(TimeoutError):
        await asyncio.wait_for(event.wait(), seconds)
    return event.is_set()


async def _in_own_thread(work: Callable[[], Coroutine[None, None, None]]) -> None:
    # Not one of the event loop's own threads: those are few, and the rest of the service needs them.
    with ThreadPoolExecutor(1, "outcomes-loop") as thread:
        await asyncio.get_running_loop().run_in_executor(thread, lambda: asyncio.run(work()))


@contextmanager
def posting_outcomes(
    settings: OutcomeSettings | None, opened: Callable[[], OpenPosts], clock: Clock, monitor: LivingPosting
) -> Iterator[OutcomePosting | None]:
    """Posting from this storage, which is closed at the end; None where the settings name no endpoint.

    Raises NoAuthoritiesError, FaultyFileError, SettingsError and PostsUnavailableError.
    """
    if settings is None:
        yield None
        return
    with closing(opened()) as posts:
        yield OutcomePosting(settings, posts, clock, monitor)
