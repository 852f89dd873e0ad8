"""How a service is asked to stop: once, by a signal or by a part of it that has ended, and all its parts hear of it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager, suppress

from sender.delivery.attempt import place_of

UnderWay = Callable[[], Sequence[str]]
"""What is under way, in words for a log: ids, never addresses or texts. Asked from any thread."""


class StoppedError(Exception):
    """It was asked to stop before it had begun, or in the midst of what can be done again."""


class Stop:
    """Whether to stop. Threads wait for its `event`, coroutines for that of `in_loop`; asked for from any thread."""

    def __init__(self) -> None:
        self.event = threading.Event()
        self.reason = ""
        """Why it was asked for first."""
        self._lock = threading.Lock()
        self._calls: list[Callable[[], None]] = []
        self._asked: list[UnderWay] = []

    def request(self, reason: str) -> None:
        """Stop, once what is under way is finished. What was asked for before stays so, with its reason."""
        with self._lock:
            if self.event.is_set():
                return
            self.reason = reason
            self.event.set()
        for call in self._calls:
            call()

    def check(self) -> None:
        """Raises StoppedError where it was asked for: for what is long, and can be done again."""
        if self.event.is_set():
            raise StoppedError

    def then(self, call: Callable[[], None]) -> None:
        """Call this once it is asked for, from whichever thread does that; at once where that has been."""
        with self._lock:
            if not self.event.is_set():
                self._calls.append(call)
                return
        call()

    def in_loop(self) -> asyncio.Event:
        """An event of the running loop that is set once it is asked for."""
        loop, event = asyncio.get_running_loop(), asyncio.Event()

        def tell() -> None:
            # A loop that is closed has nobody who waits.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(event.set)

        self.then(tell)
        return event

    @contextmanager
    def ends_with(self) -> Iterator[None]:
        """When the block ends, in whichever way, everything else is to end too."""
        try:
            yield
        except BaseException as error:
            self.request(place_of(error))
            raise
        else:
            self.request("its work is done")

    def ask(self, under_way: UnderWay) -> None:
        """Ask this for what is under way, where that has to be cut."""
        self._asked.append(under_way)

    def under_way(self) -> list[str]:
        """What has not ended yet."""
        return [what for asked in self._asked for what in asked()]


async def together(stop: Stop, *parts: Coroutine[None, None, None]) -> None:
    """Let parts go on together. The first one that ends asks all to end; the first one's error is raised."""

    async def go_on(part: Coroutine[None, None, None]) -> None:
        with stop.ends_with():
            await part

    results = await asyncio.gather(*(go_on(part) for part in parts), return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result
