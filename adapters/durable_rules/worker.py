"""The parent's end of a child process: requests out, replies in, within a time limit."""

from __future__ import annotations

import os
import select
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

import msgspec

from adapters.durable_rules.protocol import LENGTH, READY, Fact, Load, Reply, Request, announced, framed

START_TIMEOUT: Final = 30.0
"""Seconds until a new child must be ready: it has a Python to start, perhaps on a busy machine."""

CHILD: Final = (sys.executable, "-P", "-m", "adapters.durable_rules.child")
"""The command. -P: it takes no module from the current folder that this process would not take from there."""

_WATCHDOG_SHARE: Final = 0.9
"""Of the time for an answer: so that a child that hangs says where before it is killed."""

_CHUNK: Final = 1 << 16


class WorkerFailedError(Exception):
    """The child is of no more use: what it did, or did not do."""


class Worker:
    """A running child. `loaded` and `kilobytes` say what it was given to keep.

    After an error of any kind it must be closed: a reply that nobody took would be taken for the next one.
    """

    def __init__(self, answer_timeout: float) -> None:
        self._timeout = answer_timeout
        self._number = 0
        self.loaded: set[int] = set()
        self.kilobytes = 0
        self._process = _start(answer_timeout * _WATCHDOG_SHARE)
        self._pipes = [pipe for pipe in (self._process.stdin, self._process.stdout) if pipe is not None]
        try:
            self._writable, self._readable = self._watch()
            self._expect(READY.number, time.monotonic() + START_TIMEOUT, 0)
        except BaseException:
            self.close()
            raise

    @property
    def pid(self) -> int:
        """The child's process id."""
        return self._process.pid

    def ask(self, loads: list[Load], facts: list[Fact]) -> list[list[int]]:
        """For each fact the numbers of the rules that match. Raises WorkerFailedError."""
        self._number += 1
        deadline = time.monotonic() + self._timeout
        self._write(framed(Request(self._number, loads, facts)), deadline)
        return self._expect(self._number, deadline, len(facts))

    def close(self) -> None:
        """Ends the child, also one that is stopped or hangs: it has nothing to lose."""
        self._process.kill()
        for pipe in self._pipes:
            pipe.close()
        self._process.wait()

    def _watch(self) -> tuple[select.poll, select.poll]:
        self._requests, self._replies = self._pipes[0].fileno(), self._pipes[1].fileno()
        writable, readable = select.poll(), select.poll()
        os.set_blocking(self._requests, False)
        os.set_blocking(self._replies, False)
        writable.register(self._requests, select.POLLOUT)
        readable.register(self._replies, select.POLLIN)
        return writable, readable

    def _write(self, data: bytes, deadline: float) -> None:
        left = memoryview(data)
        while left:
            self._wait(self._writable, deadline)
            try:
                left = left[os.write(self._requests, left) :]
            except BrokenPipeError as error:
                raise WorkerFailedError(self._ended()) from error

    def _expect(self, number: int, deadline: float, size: int) -> list[list[int]]:
        try:
            length = announced(self._read(LENGTH.size, deadline))
            reply = msgspec.msgpack.decode(self._read(length, deadline), type=Reply)
        except (ValueError, msgspec.MsgspecError) as error:
            raise WorkerFailedError(f"its reply can't be read: {error}") from error
        if reply.number != number:
            raise WorkerFailedError(f"it replied to request {reply.number}, not to {number}")
        if len(reply.matched) != size:
            raise WorkerFailedError(f"it gave {len(reply.matched)} answers to {size} questions")
        return reply.matched

    def _read(self, length: int, deadline: float) -> bytes:
        data = bytearray()
        while len(data) < length:
            self._wait(self._readable, deadline)
            part = os.read(self._replies, min(length - len(data), _CHUNK))
            if not part:
                raise WorkerFailedError(self._ended())
            data += part
        return bytes(data)

    def _wait(self, pipe: select.poll, deadline: float) -> None:
        left = deadline - time.monotonic()
        if left <= 0 or not pipe.poll(left * 1_000):
            raise WorkerFailedError("it did not answer in time")

    def _ended(self) -> str:
        self._process.kill()
        return f"it ended, with status {self._process.wait()}"


def _start(watchdog: float) -> subprocess.Popen[bytes]:
    # The child finds the modules where this process found them, however that was told.
    paths = os.pathsep.join(path or str(Path.cwd()) for path in sys.path)
    try:
        return subprocess.Popen(  # noqa: S603 (nothing of this command comes from outside)
            [*CHILD, str(watchdog)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
            env={**os.environ, "PYTHONPATH": paths},
        )
    except OSError as error:
        raise WorkerFailedError(f"it could not be started: {error}") from error
