"""Label values that come from data, kept to a number that Prometheus can bear."""

from __future__ import annotations

from typing import Final

OTHER: Final = "other"
MOST: Final = 50


class BoundedLabel:
    """Lets the first `most` different values through; every further one is `other`."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._known: set[str] = set()

    def of(self, value: str) -> str:
        """The value to use."""
        if value not in self._known:
            if len(self._known) >= self._most:
                return OTHER
            self._known.add(value)
        return value
