"""The syntax tree of a condition: the one form that is checked, evaluated and handed to the rule engine.

`==` is membership in a set of one, `!=` and `not in` are its negation: so that `!=` is exactly `not ==`, there is no
other form of either.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum

from msgspec import Struct

Literal = str | int | float | bool | None


class Order(StrEnum):
    """An order between two numbers."""

    LESS = "<"
    AT_MOST = "<="
    GREATER = ">"
    AT_LEAST = ">="

    @property
    def mirrored(self) -> Order:
        """The same comparison with its sides exchanged: `3 < x` is `x > 3`."""
        return _MIRRORED[self]


_MIRRORED = {
    Order.LESS: Order.GREATER,
    Order.GREATER: Order.LESS,
    Order.AT_MOST: Order.AT_LEAST,
    Order.AT_LEAST: Order.AT_MOST,
}


class Place(Struct, frozen=True):
    """Where something stands in the condition's text: the offset of its first character, and its length."""

    offset: int
    length: int


class OneOf(Struct, frozen=True):
    """True where the field has one of the values, of the same type."""

    field: str
    values: tuple[Literal, ...]
    field_place: Place
    value_places: tuple[Place, ...]


class Compare(Struct, frozen=True):
    """True where the field is a number that stands in this order to the bound."""

    field: str
    order: Order
    bound: Literal
    field_place: Place
    bound_place: Place


class Not(Struct, frozen=True):
    """Logical negation."""

    part: Node


class And(Struct, frozen=True):
    """True where all parts are."""

    parts: tuple[Node, ...]


class Or(Struct, frozen=True):
    """True where any part is."""

    parts: tuple[Node, ...]


Leaf = OneOf | Compare
Node = OneOf | Compare | Not | And | Or


def leaves(node: Node) -> Iterator[Leaf]:
    """All comparisons of a condition, from left to right."""
    match node:
        case Not(part):
            yield from leaves(part)
        case And(parts) | Or(parts):
            for part in parts:
                yield from leaves(part)
        case _:
            yield node
