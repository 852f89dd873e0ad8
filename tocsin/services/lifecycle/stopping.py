"""How a service is asked to stop, by a signal or by a part of it that has ended; and how all its parts hear of it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager, suppress

from sender.delivery.attempt import place_of

UnderWay = Callable[[], Sequence[str]]
"""What is under way, in words for a log: ids, never addresses or texts. Asked from any thread."""


class StoppedError(Exception):
    """The service was asked to stop before it had begun, or during work that can be done again."""


class Stop:
    """Whether to stop. Threads wait for `event`, coroutines for that of `in_loop`. Any thread may request it."""

    def __init__(self) -> None:
        self.event = threading.Event()
        self.reason = ""
        """Why it was requested first."""
        self._lock = threading.Lock()
        self._calls: list[Callable[[], None]] = []
        self._asked: list[UnderWay] = []

    def request(self, reason: str) -> None:
        """Ask to stop once what is under way is finished. A later request changes nothing: the first reason stays."""
        with self._lock:
            if self.event.is_set():
                return
            self.reason = reason
            self.event.set()
        # Outside of the lock: a call may ask this object again.
        for call in self._calls:
            call()

    def check(self) -> None:
        """Raise StoppedError where a stop was requested. For work that is long, and can be done again."""
        if self.event.is_set():
            raise StoppedError

    def then(self, call: Callable[[], None]) -> None:
        """Call this when a stop is requested, in the thread that requests it; at once where that has happened."""
        with self._lock:
            if not self.event.is_set():
                self._calls.append(call)
                return
        call()

    def in_loop(self) -> asyncio.Event:
        """An event of the running loop that is set when a stop is requested."""
        loop, event = asyncio.get_running_loop(), asyncio.Event()

        def tell() -> None:
            # A loop that is closed raises RuntimeError, and nobody waits in it any more.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(event.set)

        self.then(tell)
        return event

    @contextmanager
    def ends_with(self) -> Iterator[None]:
        """Request a stop when the block ends, in whichever way."""
        try:
            yield
        except BaseException as error:
            self.request(place_of(error))
            raise
        else:
            self.request("its work is done")

    def ask(self, under_way: UnderWay) -> None:
        """Register who knows what is under way: the log names that where it has to be cut."""
        self._asked.append(under_way)

    def under_way(self) -> list[str]:
        """What has not ended yet."""
        return [what for asked in self._asked for what in asked()]


async def together(stop: Stop, *parts: Coroutine[None, None, None]) -> None:
    """Let parts go on together. The first one that ends asks all to end; the first one's error is raised."""

    async def go_on(part: Coroutine[None, None, None]) -> None:
        with stop.ends_with():
            await part

    # All are waited for, so that nothing is still at work when the error is raised.
    results = await asyncio.gather(*(go_on(part) for part in parts), return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result
