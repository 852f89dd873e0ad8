"""Threads that do for an HTTP server what blocks: so many at once, others wait, and beyond a bound nobody is let in.

Whoever asks has an answer within a limit of time, also where the work hangs: then nothing is promised.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from http import HTTPStatus
from typing import Any, Final, TypeVar

import structlog
from litestar.exceptions import HTTPException
from msgspec import Struct

from adapters.web.monitor import SEES_NOTHING, RequestMonitor

T = TypeVar("T")

log = structlog.get_logger()

CODE: Final = "code"
"""The key of an HTTPException's `extra` with the code of its problem, where the status does not say enough."""

_TELL_AGAIN: Final = 60.0


class WorkLimits(Struct, frozen=True):
    """How much work there may be at once."""

    calls: int = 128
    """That are done or wait; a call whose client has been answered counts until it has returned."""
    size: int = 64 * 1_048_576
    """Bytes of the bodies that these calls hold."""
    threads: int = 16
    """Calls that are done side by side; the others wait."""
    within: float = 4.5
    """Seconds until the answer: some helpdesks wait for five, and try again then."""


class Workers:
    """Works on calls in threads of its own. It belongs to the thread that serves."""

    def __init__(self, limits: WorkLimits | None = None, monitor: RequestMonitor = SEES_NOTHING) -> None:
        self._monitor = monitor
        self.limits = limits or WorkLimits()
        self._turn = threading.Lock()
        self._calls = self._size = 0
        self._waiting: queue.SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None] = queue.SimpleQueue()
        self._threads = 0
        self._told = float("-inf")

    async def do(self, call: Callable[[], T], size: int = 0) -> T:
        """What the call returns or raises; `size` is the bytes that it holds meanwhile.

        Raises HTTPException (503) at once where there is too much work already, and where the call takes too long. A
        call that has begun by then goes on, and what it returns is lost.
        """
        future: Future[T] = Future()
        self._begin(future, call, size)
        try:
            async with asyncio.timeout(self.limits.within):
                return await asyncio.wrap_future(future)
        except TimeoutError:
            if future.done() and not future.cancelled():
                raise  # the call itself has raised it
            log.warning("http_work_too_slow", seconds=self.limits.within)
            raise self._refusal("too_slow", 5) from None

    @property
    def calls(self) -> int:
        """How many are done or wait."""
        return self._calls

    def close(self) -> None:
        """Let threads end that have nothing to do. Those that work end with the process at the latest."""
        for _ in range(self._threads):
            self._waiting.put(None)

    def _begin(self, future: Future[T], call: Callable[[], T], size: int) -> None:
        with self._turn:
            if self._calls >= self.limits.calls or self._size + size > self.limits.size:
                self._tell()
                raise self._refusal("overloaded", 1)
            self._calls += 1
            self._size += size
            is_new = self._threads < min(self._calls, self.limits.threads)
            self._threads += is_new
        future.add_done_callback(lambda _: self._over(size))
        self._waiting.put((future, call))
        if is_new:
            # Daemons: a call that hangs must not keep the process from ending.
            threading.Thread(target=self._work, name=f"http-work-{self._threads}", daemon=True).start()

    def _over(self, size: int) -> None:
        with self._turn:
            self._calls -= 1
            self._size -= size

    def _work(self) -> None:
        while (given := self._waiting.get()) is not None:
            future, call = given
            # Whoever was answered meanwhile has cancelled what had not begun.
            if future.set_running_or_notify_cancel():
                _settle(future, call)

    def _refusal(self, code: str, seconds: int) -> HTTPException:
        """503 with this code: come again after so many seconds."""
        self._monitor.work_refused(code)
        return HTTPException(
            status_code=HTTPStatus.SERVICE_UNAVAILABLE, headers={"Retry-After": str(seconds)}, extra={CODE: code}
        )

    def _tell(self) -> None:
        now = asyncio.get_running_loop().time()
        if now - self._told >= _TELL_AGAIN:
            self._told = now
            log.warning("http_work_at_limit", calls=self._calls, size=self._size)


def _settle(future: Future[T], call: Callable[[], T]) -> None:
    try:
        future.set_result(call())
    except BaseException as error:  # noqa: BLE001 - raised by whoever waits
        future.set_exception(error)
