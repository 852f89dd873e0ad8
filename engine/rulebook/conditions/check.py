"""Whether a condition makes sense: its fields exist, its types agree, and every comparison can hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from engine.rulebook.conditions.evaluate import is_number
from engine.rulebook.conditions.lexer import ConditionError
from engine.rulebook.conditions.syntax import Compare, Leaf, Literal, Node, OneOf, Place, leaves
from engine.rulebook.fields import CUSTOM_PREFIX, Field, FieldType
from schemas.finding import FindingCode
from schemas.suggestion import closest
from schemas.vocabulary import Audience, PersonKind, Trigger


def check_condition(
    node: Node, fields: Mapping[str, Field], audience: Audience | None, triggers: Sequence[Trigger] | None
) -> list[ConditionError]:
    """All that is wrong with a condition of a rule for this audience and these triggers (None: not known, or all)."""
    return [error for leaf in leaves(node) for error in _check_leaf(leaf, fields, audience, triggers)]


def fields_of_one_audience(node: Node, fields: Mapping[str, Field]) -> list[ConditionError]:
    """What is wrong, besides, in a rule for both audiences: it asks about a field that only one of them has."""
    asked = ((leaf, fields.get(leaf.field)) for leaf in leaves(node))
    return [
        ConditionError(
            f"only {field.audience} have `{field.name}`, and this rule is for others too",
            leaf.field_place,
            FindingCode.FIELD_OF_OTHERS,
            f"write `for: {field.audience}` (or their categories), and a rule of its own for the others",
        )
        for leaf, field in asked
        if field is not None and field.audience is not None
    ]


def possible_values(
    field: Field, audience: Audience | None, triggers: Sequence[Trigger] | None
) -> Sequence[str] | None:
    """The only values that the field can have in such a rule; None where any is possible."""
    if field.name == "trigger" and triggers is not None:
        return tuple(triggers)
    if field.name == "person.kind" and audience is not None:
        return tuple(kind for kind in PersonKind if kind.audience is audience)
    return field.values


def _check_leaf(
    leaf: Leaf, fields: Mapping[str, Field], audience: Audience | None, triggers: Sequence[Trigger] | None
) -> Iterator[ConditionError]:
    field = fields.get(leaf.field)
    if field is None:
        yield _unknown_field(leaf, fields)
        return
    if None not in (field.audience, audience) and field.audience is not audience:
        yield ConditionError(
            f"only {field.audience} have `{field.name}`: this can never hold",
            leaf.field_place,
            FindingCode.FIELD_OF_OTHERS,
            "compare a field that these people have",
        )
    if isinstance(leaf, Compare):
        yield from _check_order(leaf, field)
    else:
        yield from _check_values(leaf, field, possible_values(field, audience, triggers))


def _unknown_field(leaf: Leaf, fields: Mapping[str, Field]) -> ConditionError:
    name = leaf.field
    if not name.startswith(CUSTOM_PREFIX):
        message = f"there is no field `{name}`"
        return ConditionError(message, leaf.field_place, FindingCode.UNKNOWN_FIELD, closest(name, fields))
    own = name.removeprefix(CUSTOM_PREFIX)
    declared = {known.removeprefix(CUSTOM_PREFIX) for known in fields if known.startswith(CUSTOM_PREFIX)}
    return ConditionError(
        f"the custom field `{own}` is not declared",
        leaf.field_place,
        FindingCode.UNDECLARED_FIELD,
        closest(own, declared) or "add it, with its type, under `settings: fields:`",
    )


def _check_order(leaf: Compare, field: Field) -> Iterator[ConditionError]:
    if field.type is not FieldType.NUMBER:
        yield ConditionError(
            f"`{field.name}` is {field.type}: only numbers have an order",
            leaf.field_place,
            FindingCode.WRONG_TYPE,
            "use == or in",
        )
    elif not is_number(leaf.bound):
        yield _wrong_type(field, leaf.bound, leaf.bound_place)


def _check_values(leaf: OneOf, field: Field, allowed: Sequence[str] | None) -> Iterator[ConditionError]:
    if not leaf.values:
        message = "the list is empty: this can never hold"
        yield ConditionError(message, leaf.field_place, FindingCode.IMPOSSIBLE_VALUE, "put values between ( and )")
    for value, place in zip(leaf.values, leaf.value_places, strict=True):
        yield from _check_value(value, place, field, allowed)


def _check_value(value: Literal, place: Place, field: Field, allowed: Sequence[str] | None) -> Iterator[ConditionError]:
    if value is None or _type_of(value) is not field.type:
        yield _wrong_type(field, value, place)
    elif allowed is not None and value not in allowed:
        message = f"`{field.name}` is never {value!r} here, only one of {', '.join(allowed)}: this can never hold"
        yield ConditionError(message, place, FindingCode.IMPOSSIBLE_VALUE, closest(str(value), allowed))


def _wrong_type(field: Field, value: Literal, place: Place) -> ConditionError:
    if value is None:
        message = "a comparison with null is always false"
        return ConditionError(message, place, FindingCode.IMPOSSIBLE_VALUE, "leave it out")
    message = f"`{field.name}` is {field.type}, this value is {_type_of(value)}: this can never hold"
    return ConditionError(message, place, FindingCode.WRONG_TYPE, _written_as(field, value))


def _written_as(field: Field, value: Literal) -> str:
    """How the value would be written if it were of the field's type."""
    if field.type is FieldType.TEXT:
        return f'write it in quotes: "{str(value).lower() if isinstance(value, bool) else value}"'
    return (
        "write true or false, without quotes" if field.type is FieldType.BOOLEAN else "write a number, without quotes"
    )


def _type_of(value: Literal) -> FieldType:
    if isinstance(value, bool):
        return FieldType.BOOLEAN
    return FieldType.TEXT if isinstance(value, str) else FieldType.NUMBER
