"""Where messages are written, by how long that takes."""

from __future__ import annotations

import threading

import pytest

from sender.desk import KINDS, Desk
from sender.ports import Composed, OutgoingMail

MAIL = Composed(OutgoingMail("alerts@desk.example", "zoe@acme.example", b""))


class Work:
    """Takes processor time by a clock of its own, and remembers on which threads."""

    def __init__(self) -> None:
        self.now = 0.0
        self.takes = 0.0
        self.threads: list[bool] = []
        self.desk = Desk(quick=0.05, seconds=lambda: self.now)

    def __call__(self) -> Composed:
        self.threads.append(threading.current_thread() is threading.main_thread())
        self.now += self.takes
        return MAIL

    async def write(self, kind: str | None = "a", takes: float = 0.0) -> bool:
        """Write one; says whether that was on the loop's thread."""
        self.takes = takes
        assert await self.desk.write(kind, self) is MAIL
        return self.threads[-1]


async def test_what_is_quick_is_written_at_once() -> None:
    work = Work()
    assert [await work.write() for _ in range(3)] == [True] * 3


async def test_a_slow_kind_stops_the_others_once_and_comes_back_when_it_is_quick() -> None:
    work = Work()
    assert [await work.write(takes=2.0) for _ in range(3)] == [True, False, False]
    assert await work.write("b")
    assert [await work.write(takes=0.01) for _ in range(2)] == [False, True]


async def test_what_is_known_to_be_long_is_never_written_on_the_loop() -> None:
    assert not await Work().write(kind=None)


async def test_one_that_fails_slowly_is_slow_too() -> None:
    work = Work()

    def fail() -> Composed:
        work.now += 2.0
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await work.desk.write("a", fail)
    assert not await work.write()


async def test_it_remembers_so_many_kinds_and_no_more() -> None:
    work = Work()
    for number in range(KINDS + 10):
        await work.write(f"k{number}", takes=2.0)
    assert not await work.write("k0", takes=2.0)
    assert await work.write(f"k{KINDS + 5}")
