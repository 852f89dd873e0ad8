"""The end of a service within a deadline: signals ask it to stop, and the process is ended where that takes too long.

A call that never returns must not keep the process alive, even in the main thread. So a thread of its own listens for
signals and ends the process. It asks nothing to tidy up, since that could hang too: the process ends as by SIGKILL,
which every service survives.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from functools import partial
from types import FrameType
from typing import Final

import structlog

from tocsin.services.lifecycle.stopping import Stop
from tocsin.services.lifecycle.vitals import Monotonic

log = structlog.get_logger()

CUT: Final = 6
"""Exit code of a process whose work was cut."""
SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)
ECHO_SECONDS: Final = 0.5
"""A signal that comes sooner after the first counts as the same: `timeout` and supervisors signal a process and its
group, so that it gets the signal twice. People press Ctrl-C again only once they have seen that it still runs."""

_SAY_SECONDS: Final = 1.0
"""How long a line of the log may take: the program that reads the log may hang too."""
_REQUESTED: Final = b"\x00"
_OVER: Final = b"\xff"
"""Bytes for the guard's pipe besides numbers of signals: no signal has these numbers."""
_OURS: Final = frozenset({"engine", "sender", "outcomes", "schemas", "adapters", "tocsin"})


def end_process() -> None:
    """End this process at once."""
    # Not sys.exit: that raises an exception in this thread alone, and runs handlers that may hang.
    os._exit(CUT)


@contextmanager
def stopping(
    within: timedelta, end: Callable[[], None] = end_process, monotonic: Monotonic = time.monotonic
) -> Iterator[Stop]:
    """A Stop that SIGTERM or Ctrl-C requests. Where the block does not end `within` that time, `end` is called.

    A second signal calls `end` at once, unless it is an echo of the first. Use it in the main thread, around everything
    that the process does: the deadline holds for closing files and connections too.
    """
    stop = Stop()
    guard = _Guard(stop, within, end, monotonic)
    stop.then(guard.requested)
    # Python's handler in C writes the number of a signal there, whatever the main thread is doing.
    before = signal.set_wakeup_fd(guard.signals, warn_on_full_buffer=False)
    handlers = {number: signal.signal(number, _noted) for number in SIGNALS}
    guard.start()
    try:
        yield stop
    finally:
        guard.over()
        signal.set_wakeup_fd(before)
        for number, handler in handlers.items():
            signal.signal(number, handler)
        guard.close()


def _noted(_number: int, _frame: object) -> None:
    """Do nothing: the guard reads signals from its pipe. Without any handler, they would end the process at once."""


class _Guard(threading.Thread):
    """Waits for signals, requests and the deadline, all at one pipe."""

    def __init__(self, asked: Stop, within: timedelta, end: Callable[[], None], monotonic: Monotonic) -> None:
        super().__init__(name="deadline", daemon=True)
        self._asked = asked
        self._within = within.total_seconds()
        self._end = end
        self._monotonic = monotonic
        self._pipe, self.signals = os.pipe()
        # signal.set_wakeup_fd asks for it: a handler must never block, even where the pipe is full.
        os.set_blocking(self.signals, False)

    def requested(self) -> None:
        """The service is to end, by itself or because of a signal: the deadline counts from now on."""
        self._write(_REQUESTED)

    def over(self) -> None:
        """The service has ended."""
        self._write(_OVER)
        # The pipe is closed next, and the thread must not read it by then.
        self.join()

    def close(self) -> None:
        """Close the pipe. By then, no signal may be written to it any more."""
        os.close(self._pipe)
        os.close(self.signals)

    def run(self) -> None:
        """See threading.Thread."""
        why = self._wait()
        if why is not None:
            _say(partial(self._tell, why))
            self._end()

    def _wait(self) -> str | None:
        """Wait until the service has ended (None), or has to be cut (why)."""
        deadline: float | None = None
        signalled: float | None = None
        while True:
            left = None if deadline is None else max(0.0, deadline - self._monotonic())
            if not select.select([self._pipe], [], [], left)[0]:
                return f"not done within {self._within:g} s"
            told = os.read(self._pipe, 1)
            if told == _OVER:
                return None
            if told[0] in SIGNALS:
                if signalled is None:
                    signalled = self._monotonic()
                    self._asked.request(signal.Signals(told[0]).name)
                elif self._monotonic() - signalled >= ECHO_SECONDS:
                    return "a second signal"
            elif told == _REQUESTED and deadline is None:
                deadline = self._monotonic() + self._within
                _say(lambda: log.info("stopping", asked_by=self._asked.reason, within_seconds=self._within))

    def _tell(self, why: str) -> None:
        log.error(
            "cut_short",
            why=why,
            asked_by=self._asked.reason,
            under_way=", ".join(self._asked.under_way()) or "nothing that has a name",
            threads=", ".join(_places()),
            exit_code=CUT,
        )
        for stream in (sys.stderr, sys.stdout):
            with suppress(OSError, ValueError):
                stream.flush()

    def _write(self, what: bytes) -> None:
        # A full pipe holds signals that are still to be read, so the guard wakes up without this.
        with suppress(BlockingIOError, OSError):
            os.write(self.signals, what)


def _say(call: Callable[[], object]) -> None:
    """Write to the log in a thread, for a second at most: the process must end even where that hangs."""
    speaker = threading.Thread(target=call, name="deadline-log", daemon=True)
    speaker.start()
    speaker.join(_SAY_SECONDS)


def _places() -> Sequence[str]:
    """Where each thread stands, by its innermost line in code of this project."""
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    frames = sys._current_frames()  # noqa: SLF001 - documented, in spite of its name
    places = ((names.get(ident, ""), _place(frame)) for ident, frame in frames.items())
    return [f"{name}: {place}" for name, place in places if place and not name.startswith("deadline")]


def _place(innermost: FrameType) -> str | None:
    frame: FrameType | None = innermost
    while frame is not None:
        module = str(frame.f_globals.get("__name__"))
        if module.partition(".")[0] in _OURS:
            return f"{module}:{frame.f_lineno} {frame.f_code.co_name}"
        frame = frame.f_back
    return None
