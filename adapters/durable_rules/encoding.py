"""From facts to codes: small integers, so that durable_rules compares nothing else.

Equality of durable_rules is loose (`'1' == 1`, `'' == 0`, `True == 'true'`), it rounds large numbers, refuses floats
with an exponent, and treats null and missing fields in ways of its own. With codes none of this can matter: a field
has one code for all values that no condition tells apart, a code is always present, and it is always a small integer.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from engine.rulebook.conditions.evaluate import is_number
from engine.rulebook.conditions.syntax import Compare, Leaf, Node, OneOf, Order, leaves

OTHER: Final = 0
"""The code of the values for which each comparison with the field is false: also null, missing, and of another type."""

Region = tuple[str, str | int]
"""Values that no comparison can tell apart: one text, one truth value, or one rank among the numbers."""


class FieldCodes:
    """The codes of one field: from 0 up to `size`, that one not included.

    Numbers are told apart by rank. With n different bounds, sorted, rank 2i + 1 is bound i itself and rank 2i is what
    lies between bound i - 1 and bound i. Python compares integers and floats exactly, so that no number is too large,
    too small or too precise.
    """

    def __init__(self, compared: Sequence[Leaf]) -> None:
        self._bounds: list[int | float] = sorted(
            {bound for leaf in compared for bound in _constants(leaf) if is_number(bound)}
        )
        self._end = 2 * len(self._bounds) + 1
        regions = self._coded(compared)
        self._texts = {str(value): code for (kind, value), code in regions.items() if kind == "text"}
        self._truths = {bool(value): code for (kind, value), code in regions.items() if kind == "boolean"}
        self._ranks = [regions["rank", rank] for rank in range(self._end)]
        self._regions = regions
        self.size = 1 + max(regions.values())

    def encode(self, value: object) -> int:
        """The code of a value, whatever its type."""
        if isinstance(value, str):
            return self._texts.get(value, OTHER)
        if isinstance(value, bool):
            return self._truths.get(value, OTHER)
        if isinstance(value, int | float) and value == value:  # noqa: PLR0124 (not a number is unlike itself)
            return self._ranks[self._rank(value)]
        return OTHER

    def mask(self, leaf: Leaf) -> int:
        """The codes of the values for which this comparison holds, as bits: bit c stands for code c."""
        mask = 0
        for region in self._covered(leaf):
            mask |= 1 << self._regions[region]
        return mask

    def _coded(self, compared: Sequence[Leaf]) -> dict[Region, int]:
        """A code for each region; regions covered by the same comparisons share one."""
        # Ranks come first and in order, so that a comparison by order mostly covers neighbouring codes.
        covering: dict[Region, int] = {("rank", rank): 0 for rank in range(self._end)}
        for index, leaf in enumerate(compared):
            for region in self._covered(leaf):
                covering[region] = covering.get(region, 0) | 1 << index
        codes = {0: OTHER}
        return {region: codes.setdefault(by, len(codes)) for region, by in covering.items()}

    def _covered(self, leaf: Leaf) -> Iterator[Region]:
        if isinstance(leaf, Compare):
            yield from (("rank", rank) for rank in self._ranks_of(leaf))
            return
        for value in leaf.values:
            if isinstance(value, str):
                yield "text", value
            elif isinstance(value, bool):
                yield "boolean", value
            elif value is not None:
                yield "rank", self._rank(value)

    def _ranks_of(self, leaf: Compare) -> range:
        if not isinstance(leaf.bound, int | float) or isinstance(leaf.bound, bool):
            return range(0)
        rank = self._rank(leaf.bound)
        match leaf.order:
            case Order.LESS:
                return range(rank)
            case Order.AT_MOST:
                return range(rank + 1)
            case Order.GREATER:
                return range(rank + 1, self._end)
            case Order.AT_LEAST:
                return range(rank, self._end)

    def _rank(self, value: float) -> int:
        index = bisect_left(self._bounds, value)
        exact = index < len(self._bounds) and self._bounds[index] == value
        return 2 * index + exact


class Encoding:
    """The codes of every field that some conditions read. `fields` gives their order."""

    def __init__(self, conditions: Iterable[Node]) -> None:
        compared: dict[str, list[Leaf]] = {}
        for condition in conditions:
            for leaf in leaves(condition):
                compared.setdefault(leaf.field, []).append(leaf)
        self._codes = {name: FieldCodes(compared[name]) for name in sorted(compared)}
        self.fields = tuple(self._codes)

    def encode(self, facts: Mapping[str, Any]) -> tuple[int, ...]:
        """The code of each field, in the order of `fields`. A field that is not among the facts is missing."""
        return tuple([codes.encode(facts.get(name)) for name, codes in self._codes.items()])

    def code(self, field: str, value: object) -> int:
        """The code of one value of a field."""
        return self._codes[field].encode(value)

    def mask(self, leaf: Leaf) -> int:
        """The codes of the leaf's field for which it holds, as bits."""
        return self._codes[leaf.field].mask(leaf)

    def size(self, field: str) -> int:
        """How many codes a field has."""
        return self._codes[field].size

    def full(self, field: str) -> int:
        """All codes of a field, as bits."""
        return (1 << self.size(field)) - 1


def _constants(leaf: Leaf) -> tuple[Any, ...]:
    return leaf.values if isinstance(leaf, OneOf) else (leaf.bound,)
