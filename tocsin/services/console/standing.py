"""How rules, directory and dead letters of embedded mode stand: what the overview asks besides ledger and history."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Final

import msgspec

from adapters.files.opening import read_bounded
from adapters.sqlite.event_log import SqliteLog
from console.screens.overview import Rules
from schemas.topics import DEAD_LETTERS
from tocsin.services.monitoring.health_file import Health

_LARGEST: Final = 4 * 1_048_576
_AT_ONCE: Final = 200


class EmbeddedStanding:
    """By the file that the service writes for probes, and by its log. It may be shared between threads."""

    def __init__(self, data: Path, database: Path) -> None:
        self._health = data / "health.json"
        self._turn = threading.Lock()
        self._log = SqliteLog(database)

    def rules(self) -> Rules | None:
        """See console.screens.overview.Standing."""
        try:
            found = msgspec.json.decode(read_bounded(self._health, _LARGEST), type=Health)
        except (OSError, msgspec.MsgspecError):
            # It has not been written yet, or can't be; the log says why.
            return None
        return Rules(found.since, found.rulebook, found.faults, found.kept_since, found.directory_faults)

    def dead_letters(self, most: int) -> int:
        """See console.screens.overview.Standing."""
        number, offset = 0, 0
        with self._turn:
            while number < most and (records := self._log.read(DEAD_LETTERS, offset, _AT_ONCE)):
                number, offset = number + len(records), records[-1].offset + 1
        return min(number, most)

    def close(self) -> None:
        """Let go of the file."""
        with self._turn:
            self._log.close()
