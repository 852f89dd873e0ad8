"""The last step before a message's content goes out: the ledger writes down that the message may have arrived.

It fences too: where this sender has lost its claim meanwhile, the ledger says no, and nothing goes out.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence

from sender.ports import WithheldError
from sender.records import LedgerEntry

Write = Callable[[Sequence[LedgerEntry]], Awaitable[Collection[str]]]
"""Writes down which jobs are about to be handed over; gives the ids of those that may be."""


class HandOvers:
    """Writes hand-overs down in groups. All that ask during one write share the next: it costs little more than one."""

    def __init__(self, write: Write) -> None:
        self._write = write
        self._waiting: list[tuple[LedgerEntry, asyncio.Future[None]]] = []
        self._writing: asyncio.Task[None] | None = None

    async def ask(self, entry: LedgerEntry) -> None:
        """Wait until the job may be handed over. Raises WithheldError where it must not be."""
        answer: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((entry, answer))
        if self._writing is None:
            self._writing = asyncio.create_task(self._write_all())
        await answer

    async def _write_all(self) -> None:
        try:
            # Those that ask during a write are taken together the next time round.
            while self._waiting:
                together, self._waiting = self._waiting, []
                await self._write_some(together)
        finally:
            self._writing = None

    async def _write_some(self, together: Sequence[tuple[LedgerEntry, asyncio.Future[None]]]) -> None:
        words = "another sender may have it by now"
        try:
            may: Collection[str] = await self._write([entry for entry, _ in together])
        except Exception as error:  # noqa: BLE001 - whatever it is, nothing is handed over; the next round will meet it
            may, words = (), f"the ledger could not be told: {type(error).__name__}"
        for entry, answer in together:
            if answer.done():
                continue  # the attempt was cancelled meanwhile
            if entry.job.id in may:
                answer.set_result(None)
            else:
                answer.set_exception(WithheldError(words))
