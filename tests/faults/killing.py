"""Services as processes that are ended as a power cut would end them."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import threading
from collections.abc import Sequence
from typing import IO


class Running:
    """A service that works. What it says further is read, so that the pipe never fills."""

    def __init__(self, process: subprocess.Popen[bytes], errors: IO[bytes]) -> None:
        self._process = process
        self._errors = errors
        self._reader = threading.Thread(target=errors.read)
        self._reader.start()

    def kill_after(self, seconds: float) -> None:
        """Let it work for a while, then end it as a power cut would."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(seconds)
        assert self._process.poll() is None, "it ended by itself"
        self.kill()

    def kill(self) -> None:
        """End it at once."""
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()
        self._reader.join()
        self._errors.close()


def started(command: Sequence[str]) -> Running:
    """Start a service, and wait until it says that it works."""
    process = subprocess.Popen(command, stderr=subprocess.PIPE)
    assert process.stderr is not None
    for line in process.stderr:
        if b'"event":"up"' in line:
            return Running(process, process.stderr)
    raise AssertionError(f"it ended with {process.wait()}")
