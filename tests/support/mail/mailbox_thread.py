"""The built-in mailbox beside a test that is no coroutine."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from adapters.mailbox.mailbox import Mailbox


@contextmanager
def mailbox_in(folder: Path) -> Iterator[int]:
    """The built-in mailbox, in a thread with a loop of its own; yields its port."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    mailbox = Mailbox(folder)
    asyncio.run_coroutine_threadsafe(mailbox.start(), loop).result()
    try:
        yield mailbox.port
    finally:
        asyncio.run_coroutine_threadsafe(mailbox.close(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
