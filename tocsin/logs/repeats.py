"""What libraries say again and again, as of a broker that is out of reach several times a second: once a minute."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Final

QUIET_SECONDS: Final = 60.0
MOST_KNOWN: Final = 500
"""Different words that are remembered; when there are more, all are said once again."""


class Repeats:
    """Knows what was said within the last minute, by the words before values are put in. For any thread."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._said: dict[tuple[str, str], float] = {}

    def is_one(self, record: logging.LogRecord) -> bool:
        """Whether this was said before; from now on it was."""
        words, now = (record.name, str(record.msg)), self._monotonic()
        before = self._said.get(words)
        if before is not None and now - before < QUIET_SECONDS:
            return True
        if len(self._said) >= MOST_KNOWN:
            self._said.clear()
        self._said[words] = now
        return False
