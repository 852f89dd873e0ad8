"""The parent's end of a child process: how it is started, and asked one thing at a time."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from msgspec import Struct

from adapters.children.framing import LENGTH, READY, announced, headed
from schemas.errors import UnusableError

START_TIMEOUT: Final = 30.0
"""Seconds until a new child must be ready: it has a Python to start, perhaps on a busy machine."""

END_SECONDS: Final = 0.2
"""Seconds that a child has to end by itself once one of its pipes is closed. Then it is killed."""

INHERITED: Final = frozenset(
    {
        *("PATH", "TZ", "TMPDIR", "LANG", "LC_ALL", "LC_CTYPE", "PYTHONUTF8", "PYTHONDONTWRITEBYTECODE"),
        *("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH"),
    }
)
"""The only variables that a child gets from the environment. No password, token or setting is among them."""

_CHUNK: Final = 1 << 16


class Limits(Struct, frozen=True):
    """What a child may use: wall and processor seconds for one request (0: any), and bytes of address space (0: any).

    The child ends itself when it exceeds them, even in a loop in C. So no child that hangs outlives a parent that was
    killed. Some systems (macOS) do not bound the memory of a process: there, only the seconds bound a child.
    """

    seconds: float
    processor_seconds: float = 0.0
    memory: int = 0

    def arguments(self) -> list[str]:
        """The limits as the last arguments of the child's command."""
        return [str(self.seconds), str(self.processor_seconds), str(self.memory)]


class ChildFailedError(UnusableError):
    """The child can't be used any more. The message says what it did, or did not do.

    `is_limit` says that it exceeded a limit: another child would do so too, given the same request.
    """

    def __init__(self, words: str, *, is_limit: bool = False) -> None:
        super().__init__(words)
        self.is_limit = is_limit


_ENDS: Final = {
    signal.SIGALRM: "its time was over",
    signal.SIGPROF: "its processor time was over",
    signal.SIGSEGV: "a crash",
    signal.SIGBUS: "a crash",
    signal.SIGABRT: "a crash, or no memory left",
}
_LIMITS: Final = frozenset({signal.SIGALRM, signal.SIGPROF})


class Child:
    """A running child process. After an error of any kind it must be closed.

    It inherits two pipes and standard error (with `quiet`, not that either), and the variables that `INHERITED` names.
    It ends when the pipe to it is closed, and so with its parent, however that ends. It ignores SIGINT and SIGTERM,
    since its parent may have work to finish. Raises ChildFailedError where it can't be started.
    """

    def __init__(self, command: Sequence[str], limits: Limits, *, quiet: bool = False) -> None:
        self._process = _start([*command, *limits.arguments()], quiet=quiet)
        pipes = [pipe for pipe in (self._process.stdin, self._process.stdout) if pipe is not None]
        self._pipes = pipes
        self.requests, self.answers = pipes[0].fileno(), pipes[1].fileno()
        """The parent's ends of the pipes. Neither blocks, so that no wait exceeds a deadline."""
        os.set_blocking(self.requests, False)
        os.set_blocking(self.answers, False)

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def close(self) -> None:
        """End the child, even one that is stopped or hangs: it has nothing to lose."""
        self._process.kill()
        for pipe in self._pipes:
            pipe.close()
        self._process.wait()

    def failure(self) -> ChildFailedError:
        """How it ended, once one of its pipes is closed."""
        with suppress(subprocess.TimeoutExpired):
            # Its pipes close a moment before its exit status is there, which says more than a status after a kill.
            self._process.wait(END_SECONDS)
        self._process.kill()
        status = self._process.wait()
        known = _ENDS.get(-status)  # type: ignore[call-overload]  # an IntEnum's keys are found by their numbers
        words = f"it ended, with status {status}" + (f" ({known})" if known else "")
        return ChildFailedError(words, is_limit=-status in _LIMITS)


class Questioner:
    """Asks a child one thing at a time."""

    def __init__(self, child: Child) -> None:
        self._child = child
        self._writable, self._readable = select.poll(), select.poll()
        self._writable.register(child.requests, select.POLLOUT)
        self._readable.register(child.answers, select.POLLIN)

    def await_ready(self) -> None:
        """Wait until the child says that it is ready. Raises ChildFailedError where it does not."""
        if self.receive(time.monotonic() + START_TIMEOUT) != READY:
            raise ChildFailedError("it did not say that it is ready")

    def send(self, data: bytes, deadline: float) -> None:
        """Send a request before a moment of the monotonic clock. Raises ChildFailedError."""
        left = memoryview(headed(data))
        while left:
            self._wait(self._writable, deadline)
            try:
                left = left[os.write(self._child.requests, left) :]
            except BrokenPipeError as error:
                raise self._child.failure() from error

    def receive(self, deadline: float) -> bytes:
        """The next answer. Raises ChildFailedError."""
        try:
            length = announced(self._read(LENGTH.size, deadline))
        except ValueError as error:
            raise ChildFailedError(f"its reply can't be read: {error}") from error
        return self._read(length, deadline)

    def _read(self, length: int, deadline: float) -> bytes:
        data = bytearray()
        while len(data) < length:
            self._wait(self._readable, deadline)
            part = os.read(self._child.answers, min(length - len(data), _CHUNK))
            if not part:
                raise self._child.failure()
            data += part
        return bytes(data)

    def _wait(self, pipe: select.poll, deadline: float) -> None:
        left = deadline - time.monotonic()
        if left <= 0 or not pipe.poll(left * 1_000):
            raise ChildFailedError("it did not answer in time", is_limit=True)


def module(name: str) -> tuple[str, ...]:
    """The command that runs a module as a child.

    With `-P`, Python does not look for modules in the current folder by itself. Only `environment` says where it looks.
    """
    return (sys.executable, "-P", "-m", name)


def environment(own: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The environment of a child. Its PYTHONPATH is this process's `sys.path`, so that it finds the same modules."""
    # An empty entry of sys.path stands for the current folder.
    paths = os.pathsep.join(path or str(Path.cwd()) for path in sys.path)
    return {name: value for name, value in own.items() if name in INHERITED} | {"PYTHONPATH": paths}


def _start(command: Sequence[str], *, quiet: bool) -> subprocess.Popen[bytes]:
    # Until it ignores them itself, a signal to the whole group of processes would end it. It inherits this mask.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        return subprocess.Popen(  # noqa: S603 (nothing of this command comes from outside)
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL if quiet else None,
            # Requests and answers go through the file descriptors: no buffer of Python's may hold a part of one.
            bufsize=0,
            env=environment(),
        )
    except OSError as error:
        raise ChildFailedError(f"it could not be started: {error}") from error
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
