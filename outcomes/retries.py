"""When a post is tried again, and when an endpoint is left alone for a while."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from msgspec import Struct

_HOUR: Final = timedelta(hours=1)

DELAYS: Final = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    *(hours * _HOUR for hours in (2, 5, 10, 14, 20, 24)),
)
"""After the first try that failed, the second and so on: the schedule that Standard Webhooks gives as an example."""

LONGEST_PAUSE: Final = timedelta(minutes=5)
"""Of an endpoint that is away. What was put off because of it waits no longer either."""

FIRST_PAUSE: Final = timedelta(seconds=5)
LONGEST_ASKED_FOR: Final = timedelta(hours=1)
"""What an endpoint may ask for by `Retry-After` (RFC 9110, section 10.2.3)."""

FAILURES: Final = 3
"""In a row, after which an endpoint counts as away: one post alone may be what it fails at."""

SPREAD: Final = 0.25
"""Delays are longer by up to so much, by chance: what failed together does not come again together."""


class Verdict(StrEnum):
    """What an answer says."""

    DELIVERED = "delivered"
    """It was taken (2xx)."""
    REFUSED = "refused"
    """Not this post, or not so (3xx, 4xx). Redirects are not followed."""
    AWAY = "away"
    """No answer came, or one that is about the endpoint (408, 429, 5xx)."""
    GONE = "gone"
    """It wants no posts any more (410)."""


class Answer(Struct, frozen=True):
    """What came of one try: the status, None where no answer came, and then why; how long it asks to be left alone."""

    status: int | None = None
    why: str | None = None
    retry_after: timedelta | None = None

    @property
    def verdict(self) -> Verdict:
        """What the answer says."""
        match self.status:
            case 410:
                return Verdict.GONE
            case None | 408 | 429:
                return Verdict.AWAY
            case status if status // 100 == 2:  # noqa: PLR2004 - RFC 9110, section 15.3
                return Verdict.DELIVERED
            case status if status // 100 == 5:  # noqa: PLR2004 - RFC 9110, section 15.6
                return Verdict.AWAY
        return Verdict.REFUSED

    @property
    def said(self) -> str:
        """The answer in our own words: those of the endpoint may hold anything."""
        return self.why or f"HTTP {self.status}"


def next_try(answer: Answer, attempt: int, now: datetime, chance: Callable[[], float]) -> datetime:
    """When the post that failed in this attempt, counted from 1, is tried again."""
    delay = DELAYS[min(attempt, len(DELAYS)) - 1]
    if answer.verdict is Verdict.AWAY:
        delay = min(delay, LONGEST_PAUSE)
    return now + _spread(max(delay, _asked_for(answer)), chance)


class Pause:
    """Whether an endpoint is left alone. Then one post at a time goes as a probe, and what is taken ends the pause."""

    def __init__(self, chance: Callable[[], float]) -> None:
        self._chance = chance
        self._failures = 0
        self._until: datetime | None = None

    def answered(self, answer: Answer, now: datetime) -> None:
        """The endpoint has answered, or not."""
        if answer.verdict is not Verdict.AWAY:
            self._failures, self._until = 0, None
            return
        self._failures += 1
        asked = _asked_for(answer)
        if asked or self._failures >= FAILURES:
            doubled = FIRST_PAUSE * 2 ** min(max(self._failures - FAILURES, 0), 10)
            self._until = now + _spread(max(min(doubled, LONGEST_PAUSE), asked), self._chance)

    @property
    def is_open(self) -> bool:
        """Whether the endpoint counts as away, so that one post at a time goes."""
        return self._until is not None

    def until(self, now: datetime) -> datetime | None:
        """When the next one may go; None: now. A clock that was set back never makes it wait longer."""
        if self._until is None or self._until <= now:
            return None
        longest = (LONGEST_ASKED_FOR + LONGEST_PAUSE) * (1 + SPREAD)
        return None if self._until > now + longest else self._until


def _asked_for(answer: Answer) -> timedelta:
    return min(max(answer.retry_after or timedelta(0), timedelta(0)), LONGEST_ASKED_FOR)


def _spread(delay: timedelta, chance: Callable[[], float]) -> timedelta:
    return delay * (1 + SPREAD * chance())
