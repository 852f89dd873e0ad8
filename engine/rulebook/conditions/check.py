"""Whether a condition makes sense: its fields exist, its types agree, and every comparison can hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from engine.rulebook.conditions.evaluate import is_number
from engine.rulebook.conditions.lexer import ConditionError
from engine.rulebook.conditions.syntax import Compare, Leaf, Literal, Node, OneOf, Place, leaves
from engine.rulebook.fields import CUSTOM_PREFIX, Field, FieldType, nearest
from schemas.vocabulary import Audience, PersonKind, Trigger


def check_condition(
    node: Node, fields: Mapping[str, Field], audience: Audience, triggers: Sequence[Trigger] | None
) -> list[ConditionError]:
    """All that is wrong with a condition of a rule for this audience and these triggers (None: all)."""
    return [error for leaf in leaves(node) for error in _check_leaf(leaf, fields, audience, triggers)]


def _check_leaf(
    leaf: Leaf, fields: Mapping[str, Field], audience: Audience, triggers: Sequence[Trigger] | None
) -> Iterator[ConditionError]:
    field = fields.get(leaf.field)
    if field is None:
        yield ConditionError(_unknown_field(leaf.field, fields), leaf.field_place)
        return
    if field.audience is not None and field.audience is not audience:
        yield ConditionError(f"only {field.audience} have `{field.name}`: this can never hold", leaf.field_place)
    if isinstance(leaf, Compare):
        yield from _check_order(leaf, field)
    else:
        yield from _check_values(leaf, field, _values(field, audience, triggers))


def _unknown_field(name: str, fields: Mapping[str, Field]) -> str:
    if name.startswith(CUSTOM_PREFIX):
        own = name.removeprefix(CUSTOM_PREFIX)
        return f"the custom field `{own}` is not declared: add it, with its type, under `settings: fields:`"
    return f"there is no field `{name}`{nearest(name, fields)}"


def _check_order(leaf: Compare, field: Field) -> Iterator[ConditionError]:
    if field.type is not FieldType.NUMBER:
        yield ConditionError(
            f"`{field.name}` is {field.type}: only numbers have an order; use == or in", leaf.field_place
        )
    elif not is_number(leaf.bound):
        yield ConditionError(_wrong_type(field, leaf.bound), leaf.bound_place)


def _values(field: Field, audience: Audience, triggers: Sequence[Trigger] | None) -> tuple[str, ...] | None:
    """The only values that the field can have in this rule; None where any is possible."""
    if field.name == "trigger" and triggers is not None:
        return tuple(triggers)
    if field.name == "person.kind":
        return tuple(kind for kind in PersonKind if kind.audience is audience)
    return field.values


def _check_values(leaf: OneOf, field: Field, allowed: tuple[str, ...] | None) -> Iterator[ConditionError]:
    if not leaf.values:
        yield ConditionError("the list is empty: this can never hold", leaf.field_place)
    for value, place in zip(leaf.values, leaf.value_places, strict=True):
        yield from _check_value(value, place, field, allowed)


def _check_value(
    value: Literal, place: Place, field: Field, allowed: tuple[str, ...] | None
) -> Iterator[ConditionError]:
    if value is None:
        yield ConditionError("a comparison with null is always false: leave it out", place)
    elif _type_of(value) is not field.type:
        yield ConditionError(_wrong_type(field, value), place)
    elif allowed is not None and value not in allowed:
        known = ", ".join(allowed)
        yield ConditionError(f"`{field.name}` is never {value!r} here, only one of {known}: this can never hold", place)


def _wrong_type(field: Field, value: Literal) -> str:
    if value is None:
        return "a comparison with null is always false: leave it out"
    return f"`{field.name}` is {field.type}, this value is {_type_of(value)}: this can never hold"


def _type_of(value: Literal) -> FieldType:
    if isinstance(value, bool):
        return FieldType.BOOLEAN
    return FieldType.TEXT if isinstance(value, str) else FieldType.NUMBER
