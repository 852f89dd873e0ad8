"""Turns values of database columns into the values that a directory record has in their place.

Where a boolean is expected, the numbers 1 and 0 are true and false. Where a text is expected, an integer becomes its
digits. Where a day or a point in time is expected, an integer is read by the type that Connect's schema declares; if
there is none, by its size (see _PLAUSIBLE). Where an object or a list is expected, JSON within a text is read. Any
other value stays as it is, and the reader of records refuses it as it is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from enum import Enum
from typing import Any, Final

import msgspec
from msgspec import inspect

from schemas.connect_rows import FOREIGN_FORM, columns_of
from schemas.refusal import RefusedError, refuse

Column = Mapping[str, Any]
"""The schema of a column, as Connect declares it; empty where there is none."""


class Unit(Enum):
    """What an integer counts, since the beginning of 1970."""

    DAYS = timedelta(days=1)
    MILLISECONDS = timedelta(milliseconds=1)
    MICROSECONDS = timedelta(microseconds=1)
    NANOSECONDS = timedelta()
    """No timedelta is so short, so `_since_epoch` computes with microseconds."""


_DECLARED: Final = {
    "org.apache.kafka.connect.data.Date": Unit.DAYS,
    "org.apache.kafka.connect.data.Timestamp": Unit.MILLISECONDS,
    "io.debezium.time.Date": Unit.DAYS,
    "io.debezium.time.Timestamp": Unit.MILLISECONDS,
    "io.debezium.time.MicroTimestamp": Unit.MICROSECONDS,
    "io.debezium.time.NanoTimestamp": Unit.NANOSECONDS,
}
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_DAY_IN_UTC: Final = re.compile(r"\d{4}-\d{2}-\d{2}Z")
"""A day with a Z behind it, as io.debezium.time.IsoDate writes it."""
_FIRST_DAY: Final = date.min.toordinal() - _EPOCH.toordinal()
_LAST_DAY: Final = date.max.toordinal() - _EPOCH.toordinal()
_PLAUSIBLE: Final = (
    (_FIRST_DAY, _LAST_DAY + 1, Unit.DAYS),
    (10**11, 10**13, Unit.MILLISECONDS),
    (10**14, 10**16, Unit.MICROSECONDS),
    (10**17, 10**19, Unit.NANOSECONDS),
)
"""For integers without a declared type: days in the years 1 to 9999, and times from March 1973 to 2286.

No number is in two of these ranges, so each has one reading at most.
"""


def as_expected(value: Any, expected: inspect.Type, column: Column, field: str) -> Any:
    """The value in the form that this field expects, or as it is. Raises RefusedError for an unclear number."""
    # `type(value) is int`, not isinstance: a bool is an int too, and would become the text "True".
    match _bare(expected):
        case inspect.BoolType() if type(value) is int and value in (0, 1):
            return bool(value)
        case inspect.StrType():
            check_is_text(value, column, field)
            return str(value) if type(value) is int else value
        case inspect.DateType():
            return _day(value, column, field) if type(value) is int else _day_in_text(value)
        case inspect.DateTimeType() if type(value) is int:
            return _moment(value, column, field)
        case inspect.ListType(item_type=item) if isinstance(whole := _in_text(value, "["), list):
            items = column.get("items")
            return [as_expected(one, item, items if isinstance(items, Mapping) else {}, field) for one in whole]
        case inspect.StructType(fields=fields) if isinstance(whole := _in_text(value, "{"), dict):
            types = {one.encode_name: one.type for one in fields}
            return fields_as_expected(whole, types, columns_of(column), f"{field}.")
        case _:
            return value


def fields_as_expected(
    row: Mapping[str, Any], expected: Mapping[str, inspect.Type], columns: Mapping[str, Column], within: str = ""
) -> dict[str, Any]:
    """The same for each field of an object. Fields that are not expected stay as they are. Raises RefusedError."""
    return {
        name: as_expected(value, expected[name], columns.get(name, {}), within + name) if name in expected else value
        for name, value in row.items()
    }


def check_is_text(value: Any, column: Column, field: str) -> None:
    """Raise RefusedError for a text that is bytes in base64. Connect writes decimal numbers so, and it is no id."""
    if isinstance(value, str) and column.get("type") == "bytes":
        reason = "these are bytes in base64, a decimal number perhaps: set decimal.handling.mode to string"
        raise refuse(field, value, reason, FOREIGN_FORM)


def _bare(expected: inspect.Type) -> inspect.Type:
    """The type itself, without its Meta, and without None where it is optional."""
    while isinstance(expected, inspect.Metadata):
        expected = expected.type
    if isinstance(expected, inspect.UnionType):
        types = [one for one in expected.types if not isinstance(one, inspect.NoneType)]
        return _bare(types[0]) if len(types) == 1 else expected
    return expected


def _in_text(value: Any, begins: str) -> Any:
    if not (isinstance(value, str) and value.lstrip()[:1] == begins):
        return value
    try:
        return msgspec.json.decode(value)
    except (msgspec.MsgspecError, RecursionError, UnicodeError):
        return value


def _day(number: int, column: Column, field: str) -> str:
    unit = _unit(number, column, field)
    if unit is Unit.DAYS:
        if not _FIRST_DAY <= number <= _LAST_DAY:
            raise refuse(field, number, "this day lies outside the years 1 to 9999: null is no day")
        return date.fromordinal(_EPOCH.toordinal() + number).isoformat()
    moment = _since_epoch(number, unit, field)
    # Only midnight in UTC is surely a day.
    if moment.timetz() != _EPOCH.timetz():
        raise refuse(field, number, "this is a time of a day, and a day is expected: let the column be a date")
    return moment.date().isoformat()


def _day_in_text(value: Any) -> Any:
    """The day that a text names: midnight in UTC (io.debezium.time.ZonedTimestamp), or a day with a Z behind it."""
    if not isinstance(value, str):
        return value
    try:
        moment = datetime.fromisoformat(value.removesuffix("Z") + "T00Z" if _DAY_IN_UTC.fullmatch(value) else value)
        is_midnight = moment.tzinfo is not None and moment.astimezone(UTC).timetz() == _EPOCH.timetz()
    except (ValueError, OverflowError):
        return value
    return moment.astimezone(UTC).date().isoformat() if is_midnight else value


def _moment(number: int, column: Column, field: str) -> str:
    unit = _unit(number, column, field)
    if unit is Unit.DAYS:
        raise refuse(field, number, "this is a number of days, and a point in time is expected: when on that day?")
    return _since_epoch(number, unit, field).isoformat()


def _since_epoch(number: int, unit: Unit, field: str) -> datetime:
    try:
        return _EPOCH + (timedelta(microseconds=number // 1_000) if unit is Unit.NANOSECONDS else number * unit.value)
    except OverflowError:
        raise refuse(field, number, "this time lies outside the years 1 to 9999: null is no time") from None


def _unit(number: int, column: Column, field: str) -> Unit:
    declared = _DECLARED.get(str(column.get("name")))
    if declared is not None:
        return declared
    for first, end, unit in _PLAUSIBLE:
        if first <= number < end:
            return unit
    raise _unclear(number, field)


def _unclear(number: int, field: str) -> RefusedError:
    reason = (
        "this number is neither days nor milli-, micro- or nanoseconds since 1970 of our times: send text, or let the "
        "connector declare the type (value.converter.schemas.enable)"
    )
    return refuse(field, number, reason)
