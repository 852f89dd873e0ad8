"""The loops of a service, seen by whoever asks whether it is alive; and work that goes on beside them."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from tocsin.services.lifecycle.vitals import Vitals

PAUSE_SECONDS: Final = 1.0
"""Between two steps where there was nothing to do, and between two tries during an outage."""

LOOK_SECONDS: Final = 2.0
"""Between two looks at files that may have changed."""

Step = Callable[[], bool]
"""One step of a loop. True: step again at once, since there may be more to do."""


def repeat(loop: str, step: Step, vitals: Vitals, stop: threading.Event) -> None:
    """Step until told to stop. The step under way is finished; its errors are raised, and end the loop."""
    try:
        while not stop.is_set():
            vitals.beat(loop)
            if not step():
                stop.wait(PAUSE_SECONDS)
    finally:
        # A loop that has ended, even by an error, must not count as one that hangs.
        vitals.over(loop)


async def repeated(loop: str, step: Step, vitals: Vitals, stop: threading.Event) -> None:
    """The same, in a thread of its own."""
    # A step blocks while it polls or writes, and the event loop is needed for deliveries.
    await asyncio.to_thread(repeat, loop, step, vitals, stop)


async def once(what: str, call: Callable[[], None], vitals: Vitals) -> None:
    """Do something once, in a thread. It counts as under way until it has ended."""
    vitals.beat(what)
    try:
        await asyncio.to_thread(call)
    finally:
        vitals.over(what)


@contextmanager
def in_background(work: Callable[[threading.Event], None], name: str, patience: float | None = None) -> Iterator[None]:
    """Run `work` in a thread within the block. The event tells it to stop; then it has `patience` seconds to end."""
    stop = threading.Event()
    thread = threading.Thread(target=work, args=(stop,), name=name, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(patience)


@contextmanager
def looking_again(refresh: Callable[[], object], name: str) -> Iterator[None]:
    """Within the block, look at files now and then in a thread of that name. `refresh` raises nothing."""

    def look(stop: threading.Event) -> None:
        while not stop.wait(LOOK_SECONDS):
            refresh()

    with in_background(look, name, LOOK_SECONDS):
        yield
