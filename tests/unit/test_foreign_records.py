"""Directory records by Kafka Connect, Debezium and Schema Registry: read where they mean one thing, else named."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct, inspect, structs

from adapters.kafka.record_names import RecordNames
from schemas.directory import RECORD_TYPES, Record, read_record
from schemas.event import read_event
from schemas.foreign_record import read_any_record
from schemas.refusal import RefusedError
from schemas.tags import read_tags
from tests.support.helpdesk.events import NOW
from tests.support.helpdesk.foreign_forms import (
    CONTRACT,
    EPOCH,
    FORMS,
    REMOVALS,
    Row,
    as_columns,
    as_json,
    by_registry,
    change,
    milliseconds,
    with_schema,
)

LISTS_OF_TEXTS = ("groups", "tags", "languages")
EARLY, LATE = datetime(1974, 1, 1, tzinfo=UTC), datetime(2286, 1, 1, tzinfo=UTC)
READ = read_record(as_json(CONTRACT))


SIMPLE: dict[type[inspect.Type], st.SearchStrategy[Any]] = {
    inspect.AnyType: st.one_of(st.none(), st.text(max_size=5), st.lists(st.text(max_size=5), max_size=3)),
    inspect.NoneType: st.none(),
    inspect.BoolType: st.booleans(),
    inspect.DateType: st.dates().map(date.isoformat),
    inspect.DateTimeType: st.integers(milliseconds(EARLY) // 1_000, milliseconds(LATE) // 1_000).map(
        lambda seconds: (EPOCH + timedelta(seconds=seconds)).isoformat()
    ),
    inspect.StrType: st.text(st.characters(codec="utf-8", categories=["L", "N", "P"]), min_size=1, max_size=12),
}


def value_of(kind: inspect.Type) -> st.SearchStrategy[Any]:
    """Values on the wire of a type of a field."""
    match kind:
        case inspect.Metadata(type=inner):
            return value_of(inner)
        case inspect.UnionType(types=types):
            return st.one_of([value_of(one) for one in types])
        case inspect.EnumType(cls=cls):
            return st.sampled_from([member.value for member in cls])
        case inspect.ListType(item_type=item):
            return st.lists(value_of(item), max_size=3)
        case inspect.StructType(fields=fields):
            return st.fixed_dictionaries({}, optional={one.encode_name: value_of(one.type) for one in fields})
        case _:
            return SIMPLE[type(kind)]


MODES = st.lists(
    st.fixed_dictionaries({"channel": st.just("email"), "address": st.just("a@x.example"), "active": st.booleans()})
)


def rows_of(kind: str, record: type[Struct]) -> st.SearchStrategy[Row]:
    shape = inspect.type_info(record)
    assert isinstance(shape, inspect.StructType)
    known = {"modes": MODES, "reason": st.just("hard_bounce"), "since": st.just("2026-02-01T00:00:00+00:00")}
    known |= dict.fromkeys(LISTS_OF_TEXTS, st.lists(SIMPLE[inspect.StrType], max_size=3))
    named = {one.encode_name for one in shape.fields}
    fields = {name: made for name, made in known.items() if name in named} | {
        one.encode_name: value_of(one.type) for one in shape.fields if one.encode_name not in known
    }
    required = {"kind": st.just(kind), "id": fields.pop("id")}
    if kind == "suppression":
        required |= {"person": st.just("contact/ct-1"), "channel": fields.pop("channel")}
        del fields["person"]
    return st.fixed_dictionaries(required, optional=fields)


def with_tags_read(record: Record | None) -> dict[str, Any]:
    """The record with its lists of texts as they are used: their form is open until then."""
    assert record is not None
    fields = structs.asdict(record)
    return fields | {name: read_tags(name, fields[name])[0] for name in LISTS_OF_TEXTS if name in fields}


ROWS = st.one_of([rows_of(kind, record) for kind, record in RECORD_TYPES.items()])


@given(ROWS)
def test_a_record_in_our_own_form_is_never_changed(row: Row) -> None:
    raw = as_json(row)
    assert read_any_record(raw, row["kind"]) == read_record(raw)


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists))
def test_what_stands_in_unknown_fields_changes_nothing(value: Any) -> None:
    raw = as_json(CONTRACT | {"x": value, "op": value, "after": value, "schema": value, "payload": value})
    assert read_any_record(raw, "contract") == READ


@given(ROWS, st.sampled_from(sorted(FORMS)), st.booleans())
def test_every_form_of_a_record_reads_as_that_record(row: Row, form: str, in_columns: bool) -> None:
    raw = FORMS[form](as_columns(row) if in_columns else row)
    assert with_tags_read(read_any_record(raw, row["kind"])) == with_tags_read(read_record(as_json(row)))


@given(ROWS, st.sampled_from(sorted(REMOVALS)))
def test_every_form_of_a_removal_removes(row: Row, form: str) -> None:
    assert read_any_record(REMOVALS[form](row), row["kind"]) is None


@given(st.binary(max_size=60) | st.binary(max_size=40).map(by_registry))
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    for reading in (lambda: read_any_record(raw, "site"), lambda: RecordNames().of(raw, raw)):
        with suppress(RefusedError):
            reading()


SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8)
NAMES = st.sampled_from(
    ["schema", "payload", "op", "before", "after", "kind", "id", "fields", "field", "__deleted", "x"]
)
SHAPES = st.recursive(
    SCALARS | st.sampled_from(["c", "d", "t", "struct", "site"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=5),
)


@given(SHAPES, SHAPES)
def test_any_json_is_read_or_refused(key: Any, value: Any) -> None:
    for reading in (
        lambda: read_any_record(as_json(value), "contract"),
        lambda: RecordNames().of(as_json(key), as_json(value)),
    ):
        with suppress(RefusedError):
            reading()


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (by_registry(b"\x06C-7\x02"), "Avro or Protobuf"),
        (b"\0", "Avro or Protobuf"),
        (as_json(change("t", None, None)), "the table was emptied"),
        (as_json(change("m", None, None)), "about no row"),
        (as_json(change("u", CONTRACT, None)), "has no row after it"),
        (as_json(CONTRACT | {"reference": "__debezium_unavailable_value"}), "REPLICA IDENTITY"),
        (as_json(change("u", None, CONTRACT | {"products": "__debezium_unavailable_value"})), "REPLICA IDENTITY"),
    ],
)
def test_a_form_that_cannot_be_read_is_named_for_what_it_is(value: bytes, words: str) -> None:
    with pytest.raises(RefusedError) as refused:
        read_any_record(value, "contract")
    assert (refused.value.code, words in str(refused.value)) == ("foreign_form", True)


def test_what_is_wrong_in_our_own_form_is_said_as_ever() -> None:
    for raw in (as_json({"kind": "site"}), b"{", b"\xff", as_json([1]), as_json(CONTRACT | {"recipients": "none"})):
        with pytest.raises(RefusedError) as ours:
            read_record(raw)
        with pytest.raises(RefusedError) as any_form:
            read_any_record(raw, "site")
        assert str(any_form.value) == str(ours.value)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (by_registry(b'{"id": "E-1"}'), "this is a record of a serializer of Schema Registry"),
        (as_json(with_schema({"id": "E-1"})), "this is Kafka Connect's JSON with its schema"),
        (as_json(change("c", None, {"id": 1})), "this is a change of a row, as Debezium tells of it, and no event"),
    ],
)
@pytest.mark.parametrize("headers", [{}, {"ce_specversion": b"1.0", "ce_id": b"E-1"}])
def test_an_event_in_anothers_form_is_refused_for_what_it_is(
    value: bytes, words: str, headers: dict[str, bytes]
) -> None:
    with pytest.raises(RefusedError) as refused:
        read_event(value, NOW, headers)
    assert str(refused.value).startswith(words)
