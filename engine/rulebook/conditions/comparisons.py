"""Whether one comparison makes sense: its types agree, and it can hold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from engine.rulebook.conditions.evaluate import is_number
from engine.rulebook.conditions.lexer import ConditionError
from engine.rulebook.conditions.syntax import Compare, FieldPair, Listed, Literal, TextRelation, TextTest
from engine.rulebook.conditions.texts import check_of, folded
from engine.rulebook.fields import Field, FieldType, trigger_meant
from schemas.finding import FindingCode
from schemas.problem import Place
from schemas.suggestion import closest


def check_order(leaf: Compare, field: Field) -> Iterator[ConditionError]:
    """Of a field that is compared by order with a bound."""
    if field.type is FieldType.LIST:
        yield list_alone(field, leaf.field_place, (leaf.bound,))
    elif field.type is not FieldType.NUMBER:
        yield no_order(field, leaf.field_place)
    elif not is_number(leaf.bound):
        yield _wrong_type(field, leaf.bound, leaf.bound_place)


def no_order(field: Field, place: Place) -> ConditionError:
    """A field that is no number is compared by order."""
    message = f"`{field.name}` is {field.type}: only numbers have an order"
    return ConditionError(message, place, FindingCode.WRONG_TYPE, "use == or in")


def check_text(leaf: TextTest, field: Field, allowed: Sequence[str] | None) -> Iterator[ConditionError]:
    """Of a text that is looked for in a field; `allowed` are the only values that the field can have."""
    if field.type is FieldType.LIST:
        yield list_alone(field, leaf.field_place, (leaf.text,))
    elif field.type is not FieldType.TEXT:
        message = f"`{field.name}` is {field.type}: only text can be asked with `{leaf.relation}`"
        yield ConditionError(message, leaf.field_place, FindingCode.WRONG_TYPE, "use ==, or an order between numbers")
    if not leaf.text.strip():
        message = "the text is empty: this holds of every text" if not leaf.text else "the text is blank"
        yield ConditionError(message, leaf.text_place, FindingCode.IMPOSSIBLE_VALUE, "write what to look for")
    elif leaf.relation is TextRelation.CONTAINS_WORD and not any(map(str.isalnum, leaf.text)):
        message = "there is no word in this text"
        yield ConditionError(message, leaf.text_place, FindingCode.IMPOSSIBLE_VALUE, "write a word, or use `contains`")
    elif allowed is not None and not any(check_of(leaf.relation, leaf.text)(folded(one)) for one in allowed):
        message = f"`{field.name}` is only one of {', '.join(allowed)}: this can never hold"
        yield ConditionError(message, leaf.text_place, FindingCode.IMPOSSIBLE_VALUE, closest(leaf.text, allowed))


def check_listed(leaf: Listed, field: Field) -> Iterator[ConditionError]:
    """Of a value that is looked for in a list."""
    if field.type is not FieldType.LIST:
        wanted = _quoted(leaf.value)
        is_text = field.type is FieldType.TEXT and isinstance(leaf.value, str)
        advice = f"write `{field.name} contains {wanted}`" if is_text else f"write `{field.name} == {wanted}`"
        yield ConditionError(
            f"`{field.name}` is {field.type}, no list", leaf.field_place, FindingCode.WRONG_TYPE, advice
        )
    elif leaf.value is None:
        message = "no list holds null: this can never hold"
        yield ConditionError(message, leaf.value_place, FindingCode.IMPOSSIBLE_VALUE, "leave it out")
    elif not isinstance(leaf.value, str):
        message = f"`{field.name}` is a list of texts, this value is {_type_of(leaf.value)}: this can never hold"
        advice = f'write it in quotes: "{_quoted(leaf.value)}"'
        yield ConditionError(message, leaf.value_place, FindingCode.WRONG_TYPE, advice)


def check_field_in(leaf: FieldPair, first: Field, second: Field) -> Iterator[ConditionError]:
    """Of a field whose value is looked for in a list."""
    if second.type is not FieldType.LIST:
        message = f"`{second.name}` is {second.type}, no list"
        advice = f"write `{first.name} == {second.name}`"
        yield ConditionError(message, leaf.second_place, FindingCode.WRONG_TYPE, advice)
    elif first.type is not FieldType.TEXT:
        message = f"`{second.name}` is a list of texts, `{first.name}` is {first.type}: this can never hold"
        yield ConditionError(message, leaf.first_place, FindingCode.WRONG_TYPE, "name a field that is text")


def list_alone(field: Field, place: Place, values: Sequence[Literal]) -> ConditionError:
    """A list is compared with values as if it were one."""
    wanted = [_quoted(value) for value in values[:3] if isinstance(value, str)] or ['"…"']
    return list_compared(field, place, "`" + " or ".join(f"{one} in {field.name}" for one in wanted) + "`")


def list_compared(field: Field, place: Place, advice: str) -> ConditionError:
    """A list is compared as if it were one value."""
    message = f"`{field.name}` is a list: it is asked whether it holds a value"
    return ConditionError(message, place, FindingCode.WRONG_TYPE, f"write {advice}")


def _quoted(value: Literal) -> str:
    """A value as it is written in a condition."""
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    return "null" if value is None else str(value).lower()


def check_value(value: Literal, place: Place, field: Field, allowed: Sequence[str] | None) -> Iterator[ConditionError]:
    """Of a value with which a field is compared; `allowed` are the only ones that the field can have."""
    if value is None or _type_of(value) is not field.type:
        yield _wrong_type(field, value, place)
    elif allowed is not None and value not in allowed:
        message = f"`{field.name}` is never {value!r} here, only one of {', '.join(allowed)}: this can never hold"
        meant = trigger_meant(value) if field.name == "trigger" else None
        yield ConditionError(message, place, FindingCode.IMPOSSIBLE_VALUE, meant or closest(str(value), allowed))


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
