"""Values as columns of databases have them: read where they can mean one thing, else named."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any

import msgspec
import pytest

from schemas.directory import ModeRecord, SuppressionRecord
from schemas.foreign_record import read_any_record
from schemas.refusal import RefusedError
from tests.support.helpdesk.foreign_forms import (
    DAY,
    DECIMAL,
    MICROS,
    MILLIS,
    NANOS,
    as_json,
    change,
    struct,
    with_schema,
)


def declared(field: str, value: Any, column: dict[str, Any]) -> bytes:
    """A row with one field, whose type Connect's schema declares."""
    kind = "suppression" if field in ("until", "since") else "contract"
    row = {"kind": kind, "id": "x", "person": "contact/ct-1", field: value}
    return as_json(with_schema(row, struct({"id": {"type": "string"}, field: column})))


def read_field(raw: bytes, field: str) -> Any:
    return getattr(read_any_record(raw, "suppression" if field in ("until", "since") else "contract"), field)


NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("field", "value", "column", "meant"),
    [
        ("valid_from", 20_454, DAY, date(2026, 1, 1)),
        ("valid_from", 20_454, {}, date(2026, 1, 1)),
        ("valid_to", 2_932_896, {}, date(9999, 12, 31)),
        ("valid_from", -719_162, {}, date(1, 1, 1)),
        ("valid_from", 0, {}, date(1970, 1, 1)),
        ("valid_from", 1_767_225_600_000, {}, date(2026, 1, 1)),
        ("valid_from", 1_767_225_600_000_000, MICROS, date(2026, 1, 1)),
        ("valid_from", "2026-01-01Z", {}, date(2026, 1, 1)),
        ("valid_from", "2026-01-01T01:00:00+01:00", {}, date(2026, 1, 1)),
        ("until", 1_767_225_600_000, {}, NEW_YEAR),
        ("until", 1_767_225_600_000_000, {}, NEW_YEAR),
        ("until", 1_767_225_600_000_000_000, {}, NEW_YEAR),
        ("until", 1_767_225_600_000_000_999, NANOS, NEW_YEAR),
        ("until", 86_400_000, MILLIS, datetime(1970, 1, 2, tzinfo=UTC)),
        ("until", -1_000_000, MICROS, datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC)),
        ("alerts_enabled", 1, {"type": "int16"}, True),
        ("alerts_enabled", 0, {}, False),
        ("reference", 2_026_007, {}, "2026007"),
        ("client", 12, {"type": "int64"}, "12"),
        ("products", ' ["P-1"]', {}, ["P-1"]),
        ("products", [7, 8], {"type": "array", "items": {"type": "int64"}}, ["7", "8"]),
    ],
)
def test_a_value_is_what_it_can_only_mean(field: str, value: Any, column: dict[str, Any], meant: Any) -> None:
    assert read_field(declared(field, value, column), field) == meant


@pytest.mark.parametrize(
    ("field", "value", "column", "words"),
    [
        ("valid_from", 1_767_225_600, {}, "valid_from: this number is neither days nor"),
        ("valid_from", 2_932_897, DAY, "outside the years 1 to 9999"),
        ("valid_from", 2_147_483_647, DAY, "outside the years 1 to 9999"),
        ("valid_from", 1_767_225_601_000, {}, "valid_from: this is a time of a day"),
        ("valid_from", "2026-01-01T00:00:00", {}, "valid_from: invalid RFC3339"),
        ("valid_from", "2026-01-01T00:00:00+01:00", {}, "valid_from: invalid RFC3339"),
        ("until", 20_454, {}, "until: this is a number of days"),
        ("until", 20_454, DAY, "until: this is a number of days"),
        ("until", 1_767_225_600, {}, "until: this number is neither days nor"),
        ("until", 9_223_372_036_854_775_807, MILLIS, "outside the years"),
        ("alerts_enabled", 2, {}, "alerts_enabled: expected `bool | null`, got `int`"),
        ("alerts_enabled", "1", {}, "alerts_enabled: expected `bool | null`, got `str`"),
        ("client", "AMk=", DECIMAL, "client: these are bytes in base64, a decimal number perhaps"),
        ("client", True, {}, "client: expected `str | null`, got `bool`"),
        ("client", 1.5, {}, "client: expected `str | null`, got `float`"),
        ("products", "P-1,P-2", {}, "products: expected `array | null`, got `str`"),
        ("products", '["P-1"', {}, "products: expected `array | null`, got `str`"),
        ("products", "[" * 100_000, {}, "products: expected `array | null`, got `str`"),
        ("recipients", '["product"]', {}, "recipients: expected `object | null`, got `str`"),
    ],
)
def test_a_value_that_could_mean_two_things_is_named(
    field: str, value: Any, column: dict[str, Any], words: str
) -> None:
    with pytest.raises(RefusedError) as refused:
        read_field(declared(field, value, column), field)
    assert words in str(refused.value)


def test_a_mode_in_a_column_of_json_is_read() -> None:
    modes = json.dumps([{"channel": "email", "address": "zoe@acme.example", "active": 1}])
    row = {"kind": "contact", "id": "ct-1", "modes": modes}
    read = msgspec.to_builtins(read_any_record(as_json(row), "contact"))
    assert msgspec.convert(read["modes"], list[ModeRecord]) == [ModeRecord("email", "zoe@acme.example", True)]  # type: ignore[arg-type]


def test_types_that_are_declared_for_the_row_after_a_change_count() -> None:
    row = {"kind": "suppression", "id": "x", "person": "contact/ct-1", "channel": "email", "until": 86_400_000}
    schema = struct({"before": struct({"until": MICROS}), "after": struct({"until": MILLIS}), "op": {"type": "string"}})
    read = read_any_record(as_json(with_schema(change("u", row, row), schema)), "suppression")
    assert isinstance(read, SuppressionRecord)
    assert read.until == datetime(1970, 1, 2, tzinfo=UTC)
