"""Services as processes that are told to stop, and a relay that lets them wait."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from tests.faults.engines import until
from tests.support.mail.smtp_peers import FaultyPeer
from tocsin.services.lifecycle.deadline import ECHO_SECONDS

SLACK = 10.0
"""Of a machine that is busy with other things: what is asserted is that nothing waits for ever."""
PATIENCE = 60.0
TOCSIN = (sys.executable, "-c", "from tocsin.cli import main; main()")


def no_echo() -> None:
    """Wait until another signal would be a second one."""
    threading.Event().wait(ECHO_SECONDS)


class Stoppable:
    """A command of `tocsin`, as a process of its own. What it says goes to a file; with `up` it says that it works."""

    def __init__(self, log: Path, *command: str, up: str = '"event":"up"') -> None:
        self._log = log
        self._up = up
        self._command = [*TOCSIN, *command]
        self._process: subprocess.Popen[bytes] | None = None
        self._file: IO[bytes] | None = None
        self._since = 0

    @contextmanager
    def running(self, *options: str) -> Iterator[None]:
        """Start it, and wait until it is up; it is killed at the end of the block, where it runs by then."""
        with self._log.open("ab") as self._file:
            self._since = self._file.tell()
            self._process = subprocess.Popen([*self._command, *options], stdout=self._file, stderr=self._file)
            try:
                until(lambda: self.says(self._up) or self._has_ended(), PATIENCE)
                yield
            finally:
                self._process.kill()
                self._process.wait()

    def says(self, words: str) -> bool:
        """Whether it has said this since it was last started."""
        return words in self.said()

    def line(self, words: str) -> str:
        """The first line of its log with these words."""
        return next(line for line in self.said().splitlines() if words in line)

    def said(self) -> str:
        return self._log.read_bytes()[self._since :].decode()

    def signal(self) -> None:
        """Tell it to stop."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)

    def ended(self, within: float) -> int:
        """Wait for its end, which comes before the deadline and what a busy machine takes. Returns its exit code."""
        assert self._process is not None
        started = time.monotonic()
        code = self._process.wait(PATIENCE)
        assert time.monotonic() - started < within + SLACK
        return code

    def stop(self, within: float) -> int:
        """Tell it to stop, and wait for its end."""
        self.signal()
        return self.ended(within)

    def _has_ended(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self.said()
        return False


@dataclass
class SlowPeer(FaultyPeer):
    """A relay that announces when it has a message's content, and takes it only once it is let."""

    asked: threading.Event = field(default_factory=threading.Event)
    let: threading.Event = field(default_factory=threading.Event)

    async def before_dot(self) -> None:
        self.asked.set()
        await asyncio.to_thread(self.let.wait, PATIENCE)


@contextmanager
def at_work(peer: FaultyPeer) -> Iterator[None]:
    """A relay beside a test that is no coroutine."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    asyncio.run_coroutine_threadsafe(peer.__aenter__(), loop).result(PATIENCE)
    try:
        yield
    finally:
        asyncio.run_coroutine_threadsafe(peer.__aexit__(None, None, None), loop).result(PATIENCE)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
