"""A limit of so many a second, as a bucket of tokens. Pure: the time is passed in, and nothing waits in here."""

from __future__ import annotations

from datetime import datetime, timedelta
from math import inf


class TokenBucket:
    """Fills at `per_second`, holds what comes in one second and at least one token, and is full at first.

    Raises ValueError for a rate at which nothing would ever be sent.
    """

    def __init__(self, per_second: float) -> None:
        if not 0 < per_second < inf:
            raise ValueError("a rate is more than 0 a second, and not without end")
        self._rate = per_second
        self._size = max(1.0, per_second)
        self._tokens = self._size
        self._filled: datetime | None = None

    def available(self, now: datetime) -> int:
        """How many tokens there are."""
        self._fill(now)
        return int(self._tokens)

    def take(self, number: int, now: datetime) -> None:
        """Take so many. Those that are not there are owed: the next ones come later by as much."""
        self._fill(now)
        self._tokens -= number

    def refills(self, now: datetime) -> datetime:
        """When there is a token again; now, where there is one."""
        self._fill(now)
        return now + timedelta(seconds=max(0.0, 1 - self._tokens) / self._rate)

    def _fill(self, now: datetime) -> None:
        # A clock that was set back gives nothing at once, and counts on from there.
        if self._filled is not None and now > self._filled:
            self._tokens = min(self._size, self._tokens + (now - self._filled).total_seconds() * self._rate)
        self._filled = now
