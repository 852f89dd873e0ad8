"""Dead letters sent again, some at once, so that any number of them needs the memory of a few."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from hashlib import blake2b
from typing import Final

import msgspec

from schemas.log import NewRecord
from tocsin.operations.dead_letters.letters import Letter

RECORDS_AT_ONCE: Final = 500
BYTES_AT_ONCE: Final = 8_388_608


class Redrive:
    """Sends the records of dead letters again, each once, however many letters it has left.

    A letter that can't be sent again is told to `refuse`, with why, and the others go on. `sent` and `refused` count
    them, also where sending fails in between: at least so many are back then.
    """

    def __init__(self, append: Callable[[Iterable[NewRecord]], int], refuse: Callable[[str], None]) -> None:
        self._append = append
        self._refuse = refuse
        self._seen: set[bytes] = set()
        self._batch: list[NewRecord] = []
        self._bytes = 0
        self.sent = 0
        self.refused = 0

    def send(self, letters: Iterable[Letter]) -> None:
        """Send all of these. Raises what `append` does."""
        for letter in letters:
            try:
                self._add(letter.again())
            except ValueError as error:
                self.refused += 1
                self._refuse(str(error))
        self._flush()

    def _add(self, record: NewRecord) -> None:
        # One that was sent again too early has left a letter more: both are the same record.
        digest = blake2b(msgspec.msgpack.encode(record), digest_size=16).digest()
        if digest in self._seen:
            return
        self._seen.add(digest)
        self._batch.append(record)
        self._bytes += len(record.value or b"") + len(record.key or b"")
        if len(self._batch) >= RECORDS_AT_ONCE or self._bytes >= BYTES_AT_ONCE:
            self._flush()

    def _flush(self) -> None:
        if self._batch:
            self.sent += self._append(self._batch)
        self._batch, self._bytes = [], 0
