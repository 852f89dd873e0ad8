"""A mail relay that keeps what comes, and can be told to hang at the final dot."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Sequence
from email.parser import BytesHeaderParser
from pathlib import Path

from aiosmtpd.smtp import Envelope

from adapters.mailbox.mailbox import Mailbox

ANSWERS_WITHIN = 10


class _Hanging(Mailbox):
    """While it hangs, a message is neither kept nor refused: its client gives up."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.works = asyncio.Event()
        self.works.set()

    async def keep(self, envelope: Envelope) -> None:
        await self.works.wait()
        await super().keep(envelope)


class Relay:
    """It runs in a thread of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self._mailbox = _Hanging(folder)

    @property
    def port(self) -> int:
        return self._mailbox.port

    def start(self) -> None:
        asyncio.run_coroutine_threadsafe(self._mailbox.start(), self._loop).result(ANSWERS_WITHIN)

    def hang(self) -> None:
        self._loop.call_soon_threadsafe(self._mailbox.works.clear)

    def work(self) -> None:
        self._loop.call_soon_threadsafe(self._mailbox.works.set)

    def close(self) -> None:
        asyncio.run_coroutine_threadsafe(self._mailbox.close(), self._loop).result(ANSWERS_WITHIN)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def arrivals(self) -> Sequence[tuple[str, str]]:
        """Message-ID and recipient of everything that it kept."""
        read = BytesHeaderParser().parsebytes
        heads = [read(file.read_bytes()) for file in sorted(self._folder.glob("*.eml"))]
        return [(str(head["Message-ID"]).strip(), str(head["To"]).strip()) for head in heads]

    def count(self) -> int:
        return len(self._mailbox.received)


def doubled(arrivals: Sequence[tuple[str, str]]) -> dict[str, int]:
    """The Message-IDs that came more than once, and how often."""
    return {one: times for one, times in Counter(name for name, _ in arrivals).items() if times > 1}
