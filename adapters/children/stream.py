"""A child that an event loop asks: many requests may be under way, and are answered in their order."""

from __future__ import annotations

import asyncio
import os
from collections import deque
from contextlib import suppress
from typing import Final

from msgspec import Struct

from adapters.children.framing import LENGTH, READY, announced, headed
from adapters.children.process import START_TIMEOUT, Child, ChildFailedError

_CHUNK: Final = 1 << 18


class OthersFailedError(ChildFailedError):
    """The child failed at a request before this one, which it has not looked at."""


class _Asked(Struct):
    seconds: float
    answer: asyncio.Future[bytes]


class Stream:
    """The requests to one child. `seconds` of a request count from when those before it have been answered.

    For one event loop, and its thread. Once it has failed, `is_open` is False and it answers nothing more.
    """

    def __init__(self, child: Child) -> None:
        self._child = child
        self._loop = asyncio.get_running_loop()
        self._asked: deque[_Asked] = deque()
        self._unsent = bytearray()
        self._received = bytearray()
        self._timer: asyncio.TimerHandle | None = None
        self._begun = 0.0
        self.is_open = True
        self._loop.add_reader(child.answers, self._read)
        self.greeting = self._expect(START_TIMEOUT)
        """What the child says first. It raises as answers do."""
        self.greeting.add_done_callback(self._greeted)

    @property
    def pid(self) -> int:
        """The child's process id."""
        return self._child.pid

    def is_of(self, loop: asyncio.AbstractEventLoop) -> bool:
        """Whether it belongs to this loop."""
        return self._loop is loop

    def ask(self, data: bytes, seconds: float) -> asyncio.Future[bytes]:
        """The answer, later. It raises ChildFailedError, or OthersFailedError where another request was to blame."""
        if not self.is_open:
            answer: asyncio.Future[bytes] = self._loop.create_future()
            answer.set_exception(OthersFailedError("it has ended"))
            return answer
        answer = self._expect(seconds)
        if not self._unsent:
            # With the next turn of the loop, so that requests that come together go together.
            self._loop.call_soon(self._write)
        self._unsent += headed(data)
        return answer

    def close(self) -> None:
        """End the child; what is under way fails."""
        if self.is_open:
            self._fail(OthersFailedError("it was ended"))

    def _expect(self, seconds: float) -> asyncio.Future[bytes]:
        asked = _Asked(seconds, self._loop.create_future())
        self._asked.append(asked)
        if len(self._asked) == 1:
            self._watch()
        return asked.answer

    def _greeted(self, greeting: asyncio.Future[bytes]) -> None:
        if greeting.exception() is None and greeting.result() != READY:
            self._fail(ChildFailedError("it did not say that it is ready"))

    def _write(self) -> None:
        if not self.is_open:
            return
        with suppress(BlockingIOError, BrokenPipeError):  # it has ended: so says the other pipe
            del self._unsent[: os.write(self._child.requests, self._unsent)]
        if not self._unsent:
            self._loop.remove_writer(self._child.requests)
        else:
            self._loop.add_writer(self._child.requests, self._write)

    def _read(self) -> None:
        try:
            part = os.read(self._child.answers, _CHUNK)
        except BlockingIOError:
            return
        if not part:
            self._fail(self._child.failure())
            return
        self._received += part
        try:
            while len(self._received) >= LENGTH.size:
                end = LENGTH.size + announced(self._received[: LENGTH.size])
                if len(self._received) < end:
                    return
                self._answered(bytes(self._received[LENGTH.size : end]))
                del self._received[:end]
        except ValueError as error:
            self._fail(ChildFailedError(f"its reply can't be read: {error}"))

    def _answered(self, data: bytes) -> None:
        if not self._asked:
            raise ValueError("nobody asked")
        answer = self._asked.popleft().answer
        if not answer.done():
            answer.set_result(data)
        self._watch()

    def _watch(self) -> None:
        """Begin the time of the request that is answered next. One timer outlives many answers: they come quickly."""
        self._begun = self._loop.time()
        if not self._asked:
            return
        end = self._begun + self._asked[0].seconds
        if self._timer is not None and self._timer.when() > end:
            # It was set for one that may take longer.
            self._timer.cancel()
            self._timer = None
        if self._timer is None:
            self._timer = self._loop.call_at(end, self._look)

    def _look(self) -> None:
        self._timer = None
        if not self._asked:
            return
        asked = self._asked[0]
        left = self._begun + asked.seconds - self._loop.time()
        if left > 0:
            self._timer = self._loop.call_later(left, self._look)
            return
        # The loop may have been busy itself, while the answer lay in the pipe.
        self._read()
        if self._asked and self._asked[0] is asked:
            self._fail(ChildFailedError("it did not answer in time", is_limit=True))

    def _fail(self, why: ChildFailedError) -> None:
        self.is_open = False
        if self._timer is not None:
            self._timer.cancel()
        with suppress(RuntimeError):  # where its loop is over
            self._loop.remove_reader(self._child.answers)
            self._loop.remove_writer(self._child.requests)
        self._child.close()
        waiting, self._asked = self._asked, deque()
        for place, asked in enumerate(waiting):
            if not asked.answer.done():
                asked.answer.set_exception(OthersFailedError(str(why)) if place else why)
                asked.answer.exception()  # whoever awaits it hears of it; nobody need
