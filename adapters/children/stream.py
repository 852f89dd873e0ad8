"""A child that an event loop asks. Many requests may be under way, and are answered in their order."""

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
    """The child failed at an earlier request. It has not looked at this one."""


class _Asked(Struct):
    seconds: float
    answer: asyncio.Future[bytes]


class Stream:
    """The requests to one child. The seconds of a request count from when all before it have been answered.

    A stream is for one event loop, and is used in its thread only. Once it has failed, `is_open` is False and it
    answers nothing more.
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
        """The child's first message. It raises what answers raise."""
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
            # At the next turn of the loop, so that all requests of this turn go in one write.
            self._loop.call_soon(self._write)
        self._unsent += headed(data)
        return answer

    def close(self) -> None:
        """End the child. Requests that are under way fail."""
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
        with suppress(BlockingIOError, BrokenPipeError):  # where the child has ended, `_read` sees it
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
        """Start the time of the request that is answered next.

        Answers come quickly, so the timer is not set anew for each: `_look` sets it again where time is left.
        """
        self._begun = self._loop.time()
        if not self._asked:
            return
        end = self._begun + self._asked[0].seconds
        if self._timer is not None and self._timer.when() > end:
            # It was set for a request that may take longer.
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
        # The answer may lie in the pipe already: the loop itself may have been busy.
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
        # Requests are answered in their order, so the first one without an answer is to blame.
        for place, asked in enumerate(waiting):
            if not asked.answer.done():
                asked.answer.set_exception(OthersFailedError(str(why)) if place else why)
                asked.answer.exception()  # marked as seen: asyncio logs an exception that nobody awaits
