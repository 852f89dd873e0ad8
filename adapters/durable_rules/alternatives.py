"""From a condition to its alternatives: its disjunctive normal form, over the codes of its properties.

For durable_rules, the cost of nested `$or` and `$and` doubles with each pair. It refuses more than 15 of them in one
rule, and its `$not` never fires. So it gets none of these: each alternative becomes a rule of its own, a plain list of
comparisons that all must hold. Negation is pushed down to the comparisons: the complement of a set of codes.
"""

from __future__ import annotations

from functools import reduce
from typing import Final

from adapters.durable_rules.encoding import Encoding, property_of
from engine.rulebook.conditions.syntax import And, Node, Not, Or
from schemas.errors import InputError

MAX_ALTERNATIVES: Final = 256
"""For one condition. Eight pairs of `or` joined by `and` come to this many."""

Alternative = dict[str, int]
"""The codes that each property may have, as bits. A property that is not in it may have any code."""


class TooManyAlternativesError(InputError, ValueError):
    """A condition that comes to more than MAX_ALTERNATIVES alternatives."""


def alternatives(node: Node, encoding: Encoding) -> list[Alternative]:
    """The alternatives of a condition: it holds exactly where one of them does. Raises TooManyAlternativesError."""
    return _Expansion(encoding).of(node, positive=True)


class _Expansion:
    """Expands a condition into alternatives, or its negation where it is not `positive`."""

    def __init__(self, encoding: Encoding) -> None:
        self._encoding = encoding

    def of(self, node: Node, *, positive: bool) -> list[Alternative]:
        match node:
            case Not(part):
                return self.of(part, positive=not positive)
            case And(parts) | Or(parts):
                expanded = [self.of(part, positive=positive) for part in parts]
                # De Morgan: the negation of an `or` is an `and` of negations.
                if isinstance(node, And) is positive:
                    return reduce(self._all, sorted(expanded, key=len))
                return self._bounded([one for part in expanded for one in part])
            case _:
                name = property_of(node)
                mask, full = self._encoding.mask(node), self._encoding.full(name)
                return self._whole(name, mask if positive else full & ~mask)

    def _whole(self, field: str, mask: int) -> list[Alternative]:
        # What always holds is one alternative without a comparison; what never holds is no alternative.
        if mask == self._encoding.full(field):
            return [{}]
        return [{field: mask}] if mask else []

    def _all(self, left: list[Alternative], right: list[Alternative]) -> list[Alternative]:
        pairs = ((one, other) for one in left for other in right)
        return self._bounded([joined for pair in pairs if (joined := _joined(*pair)) is not None])

    def _bounded(self, found: list[Alternative]) -> list[Alternative]:
        for field in sorted({field for one in found for field in one}):
            found = self._merged(found, field)
        if len(found) > MAX_ALTERNATIVES:
            raise TooManyAlternativesError
        return found

    def _merged(self, found: list[Alternative], field: str) -> list[Alternative]:
        """The alternatives, with those made one that differ only in the codes of this field."""
        masks: dict[frozenset[tuple[str, int]], int] = {}
        full = self._encoding.full(field)
        for one in found:
            rest = frozenset(item for item in one.items() if item[0] != field)
            masks[rest] = masks.get(rest, 0) | one.get(field, full)
        return [dict(rest) | ({} if mask == full else {field: mask}) for rest, mask in masks.items()]


def _joined(one: Alternative, other: Alternative) -> Alternative | None:
    """The alternative that holds where both hold; None where they can't hold together."""
    joined = dict(one)
    for field, mask in other.items():
        joined[field] = joined.get(field, mask) & mask
        if not joined[field]:
            return None
    return joined
