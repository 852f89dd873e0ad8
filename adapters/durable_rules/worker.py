"""The parent's side of the rule engine's child: rulesets and facts go in, the rules that match come out."""

from __future__ import annotations

import time
from typing import Final

import msgspec

from adapters.children.process import Child, ChildFailedError, Limits, Questioner, module
from adapters.durable_rules.protocol import Fact, Load, Reply, Request

CHILD: Final = module("adapters.durable_rules.child")
"""The command that starts the child."""

_WATCHDOG_SHARE: Final = 0.9
"""The child's share of the time for an answer. A child that hangs ends itself first, and says where it was."""

MEMORY: Final = 2 * 1024 * 1024 * 1024
"""Bytes of address space: many times what `child_kilobytes` lets it keep."""


class Worker:
    """A running child. `loaded` and `kilobytes` say which nets it keeps, and how much memory they take.

    After an error of any kind it must be closed: a late reply would be taken for that to the next request.
    """

    def __init__(self, answer_timeout: float) -> None:
        self._timeout = answer_timeout
        self._number = 0
        self.loaded: set[int] = set()
        self.kilobytes = 0
        self._child = Child(CHILD, Limits(answer_timeout * _WATCHDOG_SHARE, memory=MEMORY))
        self._questioner = Questioner(self._child)
        try:
            self._questioner.await_ready()
        except BaseException:
            # Also when it is interrupted: nobody else could close the child.
            self.close()
            raise

    @property
    def pid(self) -> int:
        """The child's process id."""
        return self._child.pid

    def ask(self, loads: list[Load], facts: list[Fact]) -> list[list[int]]:
        """For each fact, the numbers of the rules that match. Raises ChildFailedError."""
        self._number += 1
        deadline = time.monotonic() + self._timeout
        self._write(msgspec.msgpack.encode(Request(self._number, loads, facts)), deadline)
        return self._expect(self._number, deadline, len(facts))

    def close(self) -> None:
        """End the child, even one that is stopped or hangs: it has nothing to lose."""
        self._child.close()

    def _write(self, data: bytes, deadline: float) -> None:
        self._questioner.send(data, deadline)

    def _expect(self, number: int, deadline: float, size: int) -> list[list[int]]:
        try:
            reply = msgspec.msgpack.decode(self._questioner.receive(deadline), type=Reply)
        except msgspec.MsgspecError as error:
            raise ChildFailedError(f"its reply can't be read: {error}") from error
        if reply.number != number:
            raise ChildFailedError(f"it replied to request {reply.number}, not to {number}")
        if len(reply.matched) != size:
            raise ChildFailedError(f"it gave {len(reply.matched)} answers to {size} questions")
        return reply.matched
