"""Finds ends of topics up to which no transaction is seen by half.

Kafka writes the commit marks of a transaction to one partition after the other. A reader that asks for the last stable
offsets in between sees the transaction in one partition, and not yet in the next. Two signs exclude that:

- No transaction is open. The last stable offsets, and the high watermarks asked for after them, are equal. So between
  the two answers every transaction that had written anything had its marks in all partitions.
- An open transaction stays open. The last stable offset of a partition has not moved for `STANDS` seconds. So the
  transaction that holds it back was not being committed when the offsets were taken.

On a busy topic the two answers are never equal. There it is enough that all records from before the question are
decided in the answer, if producers wait for `SETTLES` seconds between their last record and their commit, as
one_transaction.py does. If even that is not found for `BEHIND` seconds, because transactions follow each other without
a gap, the last stable offsets are used as they are.

The second sign fails if a transaction is committed while another one is open in some of the same partitions.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from msgspec import Struct

STANDS: Final = 10.0
"""Seconds. Marks reach all partitions within milliseconds, or later if the broker that writes them dies just then."""
SETTLES: Final = 1.0
"""Seconds that a producer waits between its last record and its commit."""
BEHIND: Final = 20.0
"""Seconds without a whole end, after which a reader takes an end that may not be whole, rather than stay behind."""
TRIES: Final = 5
"""Questions in one look. On a busy topic a later answer is compared with the one before it."""

Offsets = Mapping[Any, int]
Ask = Callable[[Sequence[Any]], Offsets]


class _Older(Struct, frozen=True):
    """Last stable offsets from an earlier look, during an open transaction. `standing` are those that it holds back."""

    at: float
    ends: Offsets
    standing: Offsets

    def stands(self, ends: Offsets) -> bool:
        """Whether the transaction is still open: none of the offsets that it held back has moved."""
        return bool(self.standing) and all(ends.get(one) == end for one, end in self.standing.items())


class WholeEnds:
    """Finds ends up to which each transaction is whole, for each topic separately.

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
        """The ends of the partitions. Topics for which no whole end is known now are left out: ask again later."""
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
        """Put the ends of topics without an open transaction into `found`.

        Returns for each other topic its last stable offsets, and those of them that an open transaction holds back.
        """
        left: dict[str, tuple[dict[Any, int], dict[Any, int]]] = dict.fromkeys(topics, ({}, {}))
        before: Offsets = {}
        since = self._clock()
        for attempt in range(TRIES):
            asked = self._clock()
            looked_at = [one for topic in left for one in topics[topic] if not left[topic][1]]
            if not looked_at:
                break
            # The order matters: equal answers then hold for the moment between the two questions.
            stable, high = self._stable(looked_at), self._high(looked_at)
            for topic, mine in _by_topic(looked_at).items():
                ends = {one: stable[one] for one in mine}
                # Below the earlier high watermark, so records from before this question are still undecided.
                standing = {one: end for one, end in ends.items() if end < before.get(one, 0)}
                # A busy topic. Answers that took longer than SETTLES prove nothing: a whole transaction may have been
                # written and half committed in between.
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
            # The older offsets are proven now. Keep today's, which later calls may prove in turn.
            self._older[topic] = _Older(now, ends, standing)
            return dict(older.ends)
        self._older[topic] = _Older(now, ends, standing)
        return ends if now - self._found_at[topic] >= self._behind else {}


def _by_topic(partitions: Iterable[Any]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for one in partitions:
        found.setdefault(one.topic, []).append(one)
    return found
