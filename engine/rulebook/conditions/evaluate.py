"""What a condition means: the plain-Python evaluator that every other one is tested against."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any, Final

from engine.rulebook.conditions.syntax import (
    And,
    Compare,
    FieldPair,
    FieldRelation,
    Listed,
    Node,
    Not,
    OneOf,
    Or,
    Order,
    TextTest,
)
from engine.rulebook.conditions.texts import check_of, folded

Facts = Mapping[str, Any]
"""Field name to value. A field that is not in it is missing; any value of JSON may stand there."""

_ORDERS: Final[dict[Order, Callable[[Any, Any], bool]]] = {
    Order.LESS: operator.lt,
    Order.AT_MOST: operator.le,
    Order.GREATER: operator.gt,
    Order.AT_LEAST: operator.ge,
}


def holds(node: Node, facts: Facts) -> bool:
    """Whether the condition is true of these facts.

    Comparisons with null, with what is missing or of another type are false.
    """
    match node:
        case OneOf(field, values):
            value = facts.get(field)
            return any(same(value, wanted) for wanted in values)
        case Compare(field, order, bound):
            value = facts.get(field)
            return is_number(value) and is_number(bound) and _ORDERS[order](value, bound)
        case Not(part):
            return not holds(part, facts)
        case And(parts):
            return all(holds(part, facts) for part in parts)
        case Or(parts):
            return any(holds(part, facts) for part in parts)
        case TextTest(field, relation, text):
            value = facts.get(field)
            return isinstance(value, str) and check_of(relation, text)(folded(value))
        case Listed(wanted, field):
            return is_in(wanted, facts.get(field))
        case FieldPair(first, relation, second):
            return _stand_so(facts.get(first), relation, facts.get(second))


def _stand_so(first: object, relation: FieldRelation | Order, second: object) -> bool:
    if relation is FieldRelation.IN:
        return is_in(first, second)
    if relation is FieldRelation.EQUAL:
        return same(first, second)
    return is_number(first) and is_number(second) and _ORDERS[relation](first, second)


def is_in(value: object, values: object) -> bool:
    """Whether a list holds the value. What is no list holds nothing, and nothing holds null."""
    return isinstance(values, list | tuple) and any(same(value, one) for one in values)


def same(value: object, wanted: object) -> bool:
    """Equality of the language: of one type, and never of null. True is not 1, 1 is 1.0, and text is not a number."""
    if isinstance(value, str) and isinstance(wanted, str):
        return value == wanted
    if isinstance(value, bool) and isinstance(wanted, bool):
        return value == wanted
    # Last, since a truth value is an integer in Python: is_number leaves it out.
    return is_number(value) and is_number(wanted) and value == wanted


def is_number(value: object) -> bool:
    """Whether a value is a number of the language: an integer or a finite fraction, not a truth value."""
    return isinstance(value, int | float) and not isinstance(value, bool)
