"""Ends of topics up to which no transaction is read by half.

Kafka writes the mark of a commit to one partition after the other. Whoever asks for the last stable offsets just then
may see a transaction in one partition and not yet in the next. Two things tell that this is not so:

- Nothing is open. The last stable offsets, and then the high watermarks, are the same: so at the moment between the two
  answers every transaction that had written anything had its marks everywhere.
- What is open goes on. A partition's last stable offset has stood still for `STANDS`: so what holds it was not being
  committed when the offsets were taken.

Where records come so fast that no two answers are the same, it is enough that everything that was there before the
offsets were asked for is decided by then, provided that a producer waits for `SETTLES` between its last record and its
commit, as adapters.kafka.one_transaction does. Where not even that is found for `BEHIND` (somebody's transactions
follow each other without a gap), the last stable offsets are taken as they are.

The second sign fails where a transaction is committed while another one is open in some of its partitions.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from msgspec import Struct

STANDS: Final = 10.0
"""Seconds. Marks reach all partitions within milliseconds; longer where the broker that writes them dies just then."""
SETTLES: Final = 1.0
"""Seconds."""
BEHIND: Final = 20.0
"""Seconds."""
TRIES: Final = 5

Offsets = Mapping[Any, int]
Ask = Callable[[Sequence[Any]], Offsets]


class _Older(Struct, frozen=True):
    """Last stable offsets that were taken while a transaction was open, and where it is open."""

    at: float
    ends: Offsets
    standing: Offsets

    def stands(self, ends: Offsets) -> bool:
        """Whether it is still open there: not, where nothing was seen to stand."""
        return bool(self.standing) and all(ends.get(one) == end for one, end in self.standing.items())


class WholeEnds:
    """Finds such ends, for each topic by itself.

    `stable` gives the last stable offsets of partitions, `high` their high watermarks.
    """

    def __init__(
        self, stable: Ask, high: Ask, clock: Callable[[], float] = time.monotonic, behind: float = BEHIND
    ) -> None:
        self._stable = stable
        self._high = high
        self._clock = clock
        self._behind = behind
        self._older: dict[str, _Older] = {}
        self._found_at: dict[str, float] = {}

    def find(self, partitions: Sequence[Any]) -> dict[Any, int]:
        """The ends of each partition's topic, without the topics of which none can be told now: ask again later."""
        topics = _by_topic(partitions)
        for topic in topics:
            self._found_at.setdefault(topic, self._clock())
        found: dict[Any, int] = {}
        for topic, (ends, standing) in self._look(topics, found).items():
            found |= self._while_open(topic, ends, standing)
        for topic in {one.topic for one in found}:
            self._found_at[topic] = self._clock()
        return found

    def _look(
        self, topics: dict[str, list[Any]], found: dict[Any, int]
    ) -> dict[str, tuple[dict[Any, int], dict[Any, int]]]:
        """Put the ends of topics where nothing is open into `found`. Returns the others' ends, and what stands."""
        left: dict[str, tuple[dict[Any, int], dict[Any, int]]] = dict.fromkeys(topics, ({}, {}))
        before: Offsets = {}
        since = self._clock()
        for attempt in range(TRIES):
            asked = self._clock()
            looked_at = [one for topic in left for one in topics[topic] if not left[topic][1]]
            if not looked_at:
                break
            stable, high = self._stable(looked_at), self._high(looked_at)
            for topic, mine in _by_topic(looked_at).items():
                ends = {one: stable[one] for one in mine}
                standing = {one: end for one, end in ends.items() if end < before.get(one, 0)}
                is_last = attempt == TRIES - 1 and self._clock() - since < SETTLES
                if all(ends[one] == high[one] for one in mine) or (is_last and not standing):
                    found |= ends
                    del left[topic]
                else:
                    left[topic] = ends, standing
            before, since = high, asked
        return left

    def _while_open(self, topic: str, ends: dict[Any, int], standing: dict[Any, int]) -> dict[Any, int]:
        now, older = self._clock(), self._older.get(topic)
        if older is not None and older.ends.keys() == ends.keys() and older.stands(ends):
            if now - older.at < STANDS:
                return {}
            self._older[topic] = _Older(now, ends, standing)
            return dict(older.ends)
        self._older[topic] = _Older(now, ends, standing)
        return ends if now - self._found_at[topic] >= self._behind else {}


def _by_topic(partitions: Iterable[Any]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for one in partitions:
        found.setdefault(one.topic, []).append(one)
    return found
