"""From facts to codes: small integers, which are all that durable_rules compares.

The equality of durable_rules is loose (`'1' == 1`, `'' == 0`, `True == 'true'`). It rounds large numbers, refuses
floats with an exponent, and treats null and missing fields in ways of its own. With codes none of this matters: a field
has one code for all values that no condition tells apart, a code is always present, and it is always a small integer.

What durable_rules can't do at all (to search texts and lists, to compare two fields) is computed before it is asked.
Each such comparison is a property of its own, whose code says whether it holds.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from operator import is_
from typing import Any, Final

from engine.rulebook.conditions.evaluate import holds, is_number
from engine.rulebook.conditions.syntax import (
    Compare,
    FieldPair,
    FieldRelation,
    Leaf,
    Node,
    OneOf,
    Order,
    TextTest,
    leaves,
)
from engine.rulebook.conditions.texts import folded

OTHER: Final = 0
"""The code of values for which every comparison with the field is false, such as null, missing, or of another type."""

FALSE, TRUE = OTHER, 1
"""The two codes of a comparison that is computed."""

Coded = OneOf | Compare
"""Comparisons that durable_rules makes itself, over the codes of one field."""

Region = tuple[str, str | int]
"""Values that no comparison can tell apart: one text, one truth value, or one rank among the numbers."""


class FieldCodes:
    """The codes of one field: from 0 to `size` - 1.

    Numbers are told apart by rank. With n different bounds in order, rank 2i + 1 is bound i itself, and rank 2i is all
    that lies between bound i - 1 and bound i. Python compares integers and floats exactly, so no number is too large,
    too small or too precise.
    """

    def __init__(self, compared: Sequence[Coded]) -> None:
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

    @property
    def named(self) -> list[object]:
        """The texts and truth values that are told apart from all others."""
        return [*self._texts, *self._truths]

    def encode(self, value: object) -> int:
        """The code of a value, whatever its type."""
        if isinstance(value, str):
            return self._texts.get(value, OTHER)
        # Before numbers, since a bool is an int in Python.
        if isinstance(value, bool):
            return self._truths.get(value, OTHER)
        if isinstance(value, int | float) and value == value:  # noqa: PLR0124 (not a number is unlike itself)
            return self._ranks[self._rank(value)]
        return OTHER

    def mask(self, leaf: Coded) -> int:
        """The codes of the values for which this comparison holds, as bits: bit c stands for code c."""
        mask = 0
        for region in self._covered(leaf):
            mask |= 1 << self._regions[region]
        return mask

    def _coded(self, compared: Sequence[Coded]) -> dict[Region, int]:
        """A code for each region; regions covered by the same comparisons share one."""
        # Ranks come first and in order, so that a comparison by order mostly covers neighbouring codes.
        covering: dict[Region, int] = {("rank", rank): 0 for rank in range(self._end)}
        for index, leaf in enumerate(compared):
            for region in self._covered(leaf):
                covering[region] = covering.get(region, 0) | 1 << index
        # Regions that no comparison covers have the code OTHER.
        codes = {0: OTHER}
        return {region: codes.setdefault(by, len(codes)) for region, by in covering.items()}

    def _covered(self, leaf: Coded) -> Iterator[Region]:
        if isinstance(leaf, Compare):
            yield from (("rank", rank) for rank in self._ranks_of(leaf))
            return
        for value in leaf.values:
            if isinstance(value, str):
                yield "text", value
            elif isinstance(value, bool):
                yield "boolean", value
            # null has no region of its own: its code is OTHER, as that of a missing field.
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


class ComputedCodes:
    """The codes of the comparisons that are computed from the same fields, in the order in which they are given.

    The last answer is kept. Questions about the people of one save come together, with the same values in these fields,
    and to search a long text takes time.
    """

    def __init__(self, reads: tuple[str, ...], computed: Sequence[Leaf]) -> None:
        self._reads = reads
        self._leaves = computed
        self._last: tuple[Any, ...] = (object(),) * len(reads)
        self._codes: tuple[int, ...] = ()

    def encode(self, facts: Mapping[str, Any]) -> tuple[int, ...]:
        """For each comparison TRUE or FALSE."""
        values = tuple([facts.get(name) for name in self._reads])
        # The same objects, since equal values may be different ones to a condition: 1 == True in Python.
        if not all(map(is_, values, self._last)):
            self._codes = tuple([TRUE if holds(leaf, facts) else FALSE for leaf in self._leaves])
            self._last = values
        return self._codes


class Encoding:
    """The codes of every property that some conditions read: fields, and computed comparisons under names of their own.

    `properties` gives their order.
    """

    def __init__(self, conditions: Iterable[Node]) -> None:
        compared: dict[str, list[Coded]] = {}
        self.computed: dict[str, Leaf] = {}
        """The comparisons that are computed, by property."""
        for condition in conditions:
            for leaf in leaves(condition):
                if isinstance(leaf, OneOf | Compare):
                    compared.setdefault(leaf.field, []).append(leaf)
                else:
                    self.computed.setdefault(property_of(leaf), leaf)
        self._codes = {name: FieldCodes(compared[name]) for name in sorted(compared)}
        by_reads: dict[tuple[str, ...], dict[str, Leaf]] = {}
        for name, leaf in sorted(self.computed.items()):
            by_reads.setdefault(leaf.reads, {})[name] = leaf
        self._computed_codes = [ComputedCodes(reads, [*named.values()]) for reads, named in by_reads.items()]
        self.properties = (*self._codes, *(name for named in by_reads.values() for name in named))

    def encode(self, facts: Mapping[str, Any]) -> tuple[int, ...]:
        """The code of each property, in the order of `properties`. A field that is not among the facts is missing."""
        codes = tuple([codes.encode(facts.get(name)) for name, codes in self._codes.items()])
        for computed in self._computed_codes:
            codes += computed.encode(facts)
        return codes

    def code(self, field: str, value: object) -> int:
        """The code of one value of a field; OTHER where no condition compares the field."""
        return self._codes[field].encode(value) if field in self._codes else OTHER

    def named(self, field: str) -> list[object]:
        """The texts and truth values with which conditions compare a field."""
        return self._codes[field].named

    def mask(self, leaf: Leaf) -> int:
        """The codes of the leaf's property for which it holds, as bits."""
        return self._codes[leaf.field].mask(leaf) if isinstance(leaf, OneOf | Compare) else 1 << TRUE

    def size(self, name: str) -> int:
        """How many codes a property has."""
        return self._codes[name].size if name in self._codes else 1 + TRUE

    def full(self, name: str) -> int:
        """All codes of a property, as bits."""
        return (1 << self.size(name)) - 1


def property_of(leaf: Leaf) -> str:
    """The property that a comparison reads: its field, or one of its own. Comparisons that say the same share one."""
    match leaf:
        case OneOf() | Compare():
            return leaf.field
        case TextTest():
            return f"{leaf.field} {leaf.relation} {folded(leaf.text)!r}"
        case FieldPair(relation=FieldRelation.EQUAL):
            return " == ".join(sorted(leaf.reads))
        case FieldPair():
            return f"{leaf.first} {leaf.relation} {leaf.second}"
        case _:
            return f"{leaf.value!r} in {leaf.field}"


def _constants(leaf: Coded) -> tuple[Any, ...]:
    return leaf.values if isinstance(leaf, OneOf) else (leaf.bound,)
