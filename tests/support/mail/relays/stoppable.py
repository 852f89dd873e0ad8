"""A mail relay that keeps what comes; it can be stopped and started again, or told to hang at the final dot."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Sequence
from email.parser import BytesHeaderParser
from pathlib import Path

from aiosmtpd.smtp import Envelope

from adapters.mailbox.mailbox import Mailbox
from tests.support.mail.relays.postfix import free_port

ANSWERS_WITHIN = 10


class _Hanging(Mailbox):
    """Unless it works, a message is neither kept nor refused: its client gives up."""

    def __init__(self, folder: Path, port: int, works: asyncio.Event) -> None:
        super().__init__(folder, port)
        self._works = works

    async def keep(self, envelope: Envelope) -> None:
        await self._works.wait()
        await super().keep(envelope)


class Relay:
    """It runs in a thread of its own, always on the same port."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self._folder = folder
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self._works = asyncio.Event()
        self._works.set()
        self._mailbox: _Hanging | None = None

    def start(self) -> None:
        self._mailbox = _Hanging(self._folder, self.port, self._works)
        asyncio.run_coroutine_threadsafe(self._mailbox.start(), self._loop).result(ANSWERS_WITHIN)

    def stop(self) -> None:
        """Nobody listens any more, and connections are cut."""
        if self._mailbox is not None:
            asyncio.run_coroutine_threadsafe(self._mailbox.close(), self._loop).result(ANSWERS_WITHIN)
            self._mailbox = None

    def hang(self) -> None:
        self._loop.call_soon_threadsafe(self._works.clear)

    def work(self) -> None:
        self._loop.call_soon_threadsafe(self._works.set)

    def close(self) -> None:
        self.stop()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def arrivals(self) -> Sequence[tuple[str, str]]:
        """Message-ID and recipient of everything that it kept."""
        read = BytesHeaderParser().parsebytes
        heads = [read(file.read_bytes()) for file in sorted(self._folder.glob("*.eml"))]
        return [(str(head["Message-ID"]).strip(), str(head["To"]).strip()) for head in heads]

    def count(self) -> int:
        """How many messages it kept."""
        return len(list(self._folder.glob("*.eml")))


def doubled(arrivals: Sequence[tuple[str, str]]) -> dict[str, int]:
    """The Message-IDs that came more than once, and how often."""
    return {one: times for one, times in Counter(name for name, _ in arrivals).items() if times > 1}
