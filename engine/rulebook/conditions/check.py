"""Whether a condition makes sense: its fields exist, its types agree, and every comparison can hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from engine.rulebook.conditions.comparisons import (
    check_field_in,
    check_listed,
    check_order,
    check_text,
    check_value,
    list_alone,
    list_compared,
    no_order,
)
from engine.rulebook.conditions.lexer import ConditionError
from engine.rulebook.conditions.syntax import (
    Compare,
    FieldPair,
    FieldRelation,
    Leaf,
    Listed,
    Node,
    OneOf,
    Order,
    TextTest,
    leaves,
)
from engine.rulebook.fields import CUSTOM_PREFIX, TIME, TIME_IN, Field, FieldType
from schemas.finding import FindingCode
from schemas.problem import Place
from schemas.suggestion import closest
from schemas.vocabulary import Audience, Channel, PersonKind, Trigger


def check_condition(
    node: Node,
    fields: Mapping[str, Field],
    audience: Audience | None,
    triggers: Sequence[Trigger] | None,
    channels: Sequence[Channel] | None = None,
) -> list[ConditionError]:
    """All that is wrong with a condition of a rule for this audience, these triggers and these channels.

    None: not known, or all.
    """
    check = _Check(fields, audience, triggers, channels)
    return [error for leaf in leaves(node) for error in check.of(leaf)]


def fields_of_one_audience(node: Node, fields: Mapping[str, Field]) -> list[ConditionError]:
    """What is wrong, besides, in a rule for both audiences: it asks about a field that only one of them has."""
    asked = ((place, fields.get(name)) for leaf in leaves(node) for name, place in _read(leaf))
    return [
        ConditionError(
            f"only {field.audience} have `{field.name}`, and this rule is for others too",
            place,
            FindingCode.FIELD_OF_OTHERS,
            f"write `for: {field.audience}` (or their categories), and a rule of its own for the others",
        )
        for place, field in asked
        if field is not None and field.audience is not None
    ]


def possible_values(
    field: Field,
    audience: Audience | None,
    triggers: Sequence[Trigger] | None,
    channels: Sequence[Channel] | None = None,
) -> Sequence[str] | None:
    """The only values that the field can have in such a rule; None where any is possible."""
    if field.name == "trigger" and triggers is not None:
        return tuple(triggers)
    if field.name == "channel" and channels is not None:
        return tuple(channels)
    if field.name == "person.kind" and audience is not None:
        return tuple(kind for kind in PersonKind if kind.audience is audience)
    return field.values


_SOME_TEXT: Final = '"…"'


_OF_TIME: Final = frozenset(
    {TIME, "day", "weekday", "dayofweek", "day_of_week", "date", "hour", "hours", "month", "now", "today", "weekend"}
)
"""Words by which a day or an hour is asked for."""


class _Check:
    """What is wrong with a comparison, by its kind."""

    def __init__(
        self,
        fields: Mapping[str, Field],
        audience: Audience | None,
        triggers: Sequence[Trigger] | None,
        channels: Sequence[Channel] | None,
    ) -> None:
        self._fields = fields
        self._audience = audience
        self._triggers = triggers
        self._channels = channels

    def of(self, leaf: Leaf) -> Iterator[ConditionError]:
        """All that is wrong with it: of its fields first, and nothing else where one of them is not known."""
        read = _read(leaf)
        found = [self._fields.get(name) for name, _ in read]
        for (name, place), field in zip(read, found, strict=True):
            if field is None:
                yield self._unknown(name, place, is_value=isinstance(leaf, FieldPair) and any(found))
            elif None not in (field.audience, self._audience) and field.audience is not self._audience:
                yield ConditionError(
                    f"only {field.audience} have `{field.name}`: this can never hold",
                    place,
                    FindingCode.FIELD_OF_OTHERS,
                    "compare a field that these people have",
                )
        known = [field for field in found if field is not None]
        if len(known) < len(read):
            return
        match leaf:
            case Compare():
                yield from check_order(leaf, known[0])
            case OneOf():
                yield from self._values(leaf, known[0])
            case TextTest():
                yield from check_text(leaf, known[0], self._possible(known[0]))
            case Listed():
                yield from check_listed(leaf, known[0])
            case FieldPair():
                yield from self._pair(leaf, *known)

    def _unknown(self, name: str, place: Place, *, is_value: bool) -> ConditionError:
        if name.startswith(TIME_IN):
            return self._unknown_calendar(name.removeprefix(TIME_IN), place)
        if name == TIME:
            message, advice = "`time` can only be asked of a calendar", "write `time in NAME`, or `time not in NAME`"
            return ConditionError(message, place, FindingCode.UNKNOWN_FIELD, advice)
        if not name.startswith(CUSTOM_PREFIX):
            message = f"there is no field `{name}`"
            # Compared with a field: a word without a dot is a text whose quotes are missing.
            meant = self._meant(name, is_value=is_value)
            return ConditionError(message, place, FindingCode.UNKNOWN_FIELD, meant)
        own = name.removeprefix(CUSTOM_PREFIX)
        declared = {known.removeprefix(CUSTOM_PREFIX) for known in self._fields if known.startswith(CUSTOM_PREFIX)}
        return ConditionError(
            f"the custom field `{own}` is not declared",
            place,
            FindingCode.UNDECLARED_FIELD,
            closest(own, declared) or "add it, with its type, under `settings: fields:`",
        )

    def _meant(self, name: str, *, is_value: bool) -> str:
        if name.partition(".")[0] in _OF_TIME or name.rpartition(".")[2] in _OF_TIME:
            return "days and hours are asked of a calendar: `time in NAME`, with NAME under `calendars:`"
        return f'write a text in quotes: "{name}"' if is_value and "." not in name else closest(name, self._fields)

    def _unknown_calendar(self, name: str, place: Place) -> ConditionError:
        calendars = [known.removeprefix(TIME_IN) for known in self._fields if known.startswith(TIME_IN)]
        named = Place(place.offset + place.length - len(name), len(name))
        advice = closest(name, calendars) or f"add it under `calendars:`{_there_are(calendars)}"
        return ConditionError(f"there is no calendar `{name}`", named, FindingCode.UNKNOWN_CALENDAR, advice)

    def _possible(self, field: Field) -> Sequence[str] | None:
        return possible_values(field, self._audience, self._triggers, self._channels)

    def _values(self, leaf: OneOf, field: Field) -> Iterator[ConditionError]:
        if field.type is FieldType.LIST:
            yield list_alone(field, leaf.field_place, leaf.values)
            return
        if leaf.value_places == (leaf.field_place,):
            if field.type is not FieldType.BOOLEAN:
                message = f"`{field.name}` is {field.type}: it can't stand alone"
                advice = (
                    "compare it, as with `== 3`" if field.type is FieldType.NUMBER else 'compare it, as with `== "…"`'
                )
                yield ConditionError(message, leaf.field_place, FindingCode.WRONG_TYPE, advice)
            return
        if not leaf.values:
            message = "the list is empty: this can never hold"
            yield ConditionError(message, leaf.field_place, FindingCode.IMPOSSIBLE_VALUE, "put values between ( and )")
        for value, place in zip(leaf.values, leaf.value_places, strict=True):
            yield from check_value(value, place, field, self._possible(field))

    def _pair(self, leaf: FieldPair, first: Field, second: Field) -> Iterator[ConditionError]:
        if leaf.relation is FieldRelation.IN:
            yield from check_field_in(leaf, first, second)
        elif first.name == second.name:
            is_order = leaf.relation in (Order.LESS, Order.GREATER)
            says = "this can never hold" if is_order else "this only says that it has a value"
            message = f"`{first.name}` is compared with itself: {says}"
            yield ConditionError(message, leaf.second_place, FindingCode.COMPARED_WITH_ITSELF, "name another field")
        elif FieldType.LIST in (first.type, second.type):
            listed, other = (first, second) if first.type is FieldType.LIST else (second, first)
            is_one = other.type is FieldType.TEXT
            advice = f"`{other.name} in {listed.name}`" if is_one else f'`"…" in {listed.name}`'
            yield list_compared(listed, leaf.second_place, advice)
        elif first.type is not second.type:
            message = f"`{first.name}` is {first.type}, `{second.name}` is {second.type}: this can never hold"
            advice = "compare fields of one type"
            yield ConditionError(message, leaf.second_place, FindingCode.WRONG_TYPE, advice)
        elif isinstance(leaf.relation, Order) and first.type is not FieldType.NUMBER:
            yield no_order(first, leaf.first_place)
        elif not _may_be_equal(self._possible(first), self._possible(second)):
            message = f"`{first.name}` and `{second.name}` have no value in common: this can never hold"
            yield ConditionError(message, leaf.second_place, FindingCode.IMPOSSIBLE_VALUE, "name another field")


def _read(leaf: Leaf) -> list[tuple[str, Place]]:
    """The fields of a comparison, each with its place."""
    if isinstance(leaf, FieldPair):
        return [(leaf.first, leaf.first_place), (leaf.second, leaf.second_place)]
    return [(leaf.field, leaf.field_place)]


def _there_are(calendars: Sequence[str]) -> str:
    return f"; there are {', '.join(sorted(calendars))}" if calendars else ""


def _may_be_equal(values: Sequence[str] | None, others: Sequence[str] | None) -> bool:
    return values is None or others is None or not set(values).isdisjoint(others)
