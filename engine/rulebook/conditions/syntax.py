"""The syntax tree of a condition: the one form that is checked, evaluated and handed to the rule engine.

`==` is membership in a set of one, `!=` and `not in` are its negation: so that `!=` is exactly `not ==`, there is no
other form of either.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum

from msgspec import Struct

from schemas.problem import Place

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


class TextRelation(StrEnum):
    """How a field's text stands to a text of the condition: see texts.py for when it does."""

    CONTAINS = "contains"
    STARTS_WITH = "starts with"
    ENDS_WITH = "ends with"
    CONTAINS_WORD = "contains word"


class FieldRelation(StrEnum):
    """How two fields stand to each other, besides an order."""

    EQUAL = "=="
    IN = "in"


class OneOf(Struct, frozen=True):
    """True where the field has one of the values, of the same type.

    A truth value that stands alone is `== true`: the place of its value is that of the field.
    """

    field: str
    values: tuple[Literal, ...]
    field_place: Place
    value_places: tuple[Place, ...]

    @property
    def reads(self) -> tuple[str, ...]:
        """The field that it compares."""
        return (self.field,)

    @property
    def places(self) -> tuple[Place, ...]:
        """Where its field and its values stand."""
        return (self.field_place, *self.value_places)


class Compare(Struct, frozen=True):
    """True where the field is a number that stands in this order to the bound."""

    field: str
    order: Order
    bound: Literal
    field_place: Place
    bound_place: Place

    @property
    def reads(self) -> tuple[str, ...]:
        """The field that it compares."""
        return (self.field,)

    @property
    def places(self) -> tuple[Place, ...]:
        """Where its field and its bound stand."""
        return (self.field_place, self.bound_place)


class TextTest(Struct, frozen=True):
    """True where the field is a text that stands in this relation to a text of the condition."""

    field: str
    relation: TextRelation
    text: str
    field_place: Place
    text_place: Place

    @property
    def reads(self) -> tuple[str, ...]:
        """The field that it compares."""
        return (self.field,)

    @property
    def places(self) -> tuple[Place, ...]:
        """Where its field and its text stand."""
        return (self.field_place, self.text_place)


class Listed(Struct, frozen=True):
    """True where the field is a list that holds the value."""

    value: Literal
    field: str
    value_place: Place
    field_place: Place

    @property
    def reads(self) -> tuple[str, ...]:
        """The list."""
        return (self.field,)

    @property
    def places(self) -> tuple[Place, ...]:
        """Where its value and its list stand."""
        return (self.value_place, self.field_place)


class FieldPair(Struct, frozen=True):
    """True where the first field stands in this relation to the second; what is missing or null stands in none."""

    first: str
    relation: FieldRelation | Order
    second: str
    first_place: Place
    second_place: Place

    @property
    def reads(self) -> tuple[str, ...]:
        """Both fields, in the order in which they stand."""
        return (self.first, self.second)

    @property
    def places(self) -> tuple[Place, ...]:
        """Where its fields stand."""
        return (self.first_place, self.second_place)


class Not(Struct, frozen=True):
    """Logical negation."""

    part: Node


class And(Struct, frozen=True):
    """True where all parts are."""

    parts: tuple[Node, ...]


class Or(Struct, frozen=True):
    """True where any part is."""

    parts: tuple[Node, ...]


Leaf = OneOf | Compare | TextTest | Listed | FieldPair
"""A comparison. `reads` are the fields that it looks at, `places` are where its parts stand."""

Node = Leaf | Not | And | Or


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
