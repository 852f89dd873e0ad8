"""What comes from outside is read, or refused by name; nothing else ever happens."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.event import MAX_EVENT_BYTES, read_event
from schemas.refusal import RefusedError
from tests.support.helpdesk.events import NOW, envelope

GOOD = envelope(data={"previous": None})
GOOD_BYTES = json.dumps(GOOD).encode()


def without(path: str) -> dict[str, Any]:
    wire: dict[str, Any] = json.loads(GOOD_BYTES)
    *steps, last = path.split(".")
    holder = wire
    for step in steps:
        holder = holder[step]
    del holder[last]
    return wire


def with_custom(value: str) -> bytes:
    return GOOD_BYTES.replace(b'"title":', b'"custom": {"severity": ' + value.encode() + b'}, "title":')


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", "not_json"),
        (b"null", "invalid_field"),
        (b"[]", "invalid_field"),
        (b"not json", "not_json"),
        (GOOD_BYTES[:-10], "not_json"),
        (b"[" * 10_000, "invalid_field"),
        (b'{"data":' * 10_000, "too_deep"),
        (
            GOOD_BYTES.replace(b'"specversion"', b'"x": ' + b"[" * 10_000 + b"]" * 10_000 + b', "specversion"'),
            "too_deep",
        ),
        (with_custom("NaN"), "not_json"),
        (with_custom("1e400"), "invalid_field"),
        (with_custom("9" * 400), "invalid_field"),
        (with_custom("[" * 10_000 + "]" * 10_000), "too_deep"),
        (with_custom("[" * 500 + "]" * 500), "too_deep"),
        (GOOD_BYTES.replace(b"Invoices", b"\xff\xfe"), "not_utf8"),
        (GOOD_BYTES.replace(b'"specversion"', b'"unknown": "\xff", "specversion"'), "not_utf8"),
        (GOOD_BYTES.replace(b"Invoices", b"\\ud800"), "not_json"),
        (b"\xef\xbb\xbf" * 2 + GOOD_BYTES, "not_json"),
        (GOOD_BYTES + b" " * MAX_EVENT_BYTES, "too_large"),
    ],
    ids=range(18),
)
def test_poison_is_refused_with_its_class(raw: bytes, code: str) -> None:
    with pytest.raises(RefusedError) as refused:
        read_event(raw, NOW)
    assert refused.value.code == code


@pytest.mark.parametrize("name", ["id", "contract", "customer", "title", "external_description", "status"])
def test_a_missing_field_of_the_ticket_is_named(name: str) -> None:
    with pytest.raises(RefusedError) as refused:
        read_event(json.dumps(without(f"data.ticket.{name}")).encode(), NOW)
    assert refused.value.refusals[0].field == f"data.ticket.{name}"


@pytest.mark.parametrize(
    ("wire", "field", "value"),
    [
        ({**GOOD, "specversion": "0.3"}, "specversion", '"0.3"'),
        ({**GOOD, "id": ""}, "id", '""'),
        ({**GOOD, "id": "a\nb"}, "id", "'a\\nb'"),
        ({**GOOD, "source": "x" * 257}, "source", '"' + "x" * 119 + "…"),
        ({**GOOD, "time": "2026-03-02T09:15:00"}, "time", '"2026-03-02T09:15:00"'),
        ({**GOOD, "time": "2026-06-30T23:59:60Z"}, "time", '"2026-06-30T23:59:60Z"'),
        ({**GOOD, "time": 1772442900}, "time", "1772442900"),
        ({**GOOD, "datacontenttype": "text/xml"}, "datacontenttype", '"text/xml"'),
        (envelope({"resolution_marked": "yes"}, {"previous": None}), "data.ticket.resolution_marked", '"yes"'),
        (envelope({"id": 42}, {"previous": None}), "data.ticket.id", "42"),
        (envelope(data={"previous": None, "origin": "robot"}), "data.origin", '"robot"'),
        (envelope(data={"previous": None, "notify": "external"}), "data.notify", '"external"'),
    ],
)
def test_a_wrong_value_is_named_with_its_field(wire: dict[str, Any], field: str, value: str) -> None:
    with pytest.raises(RefusedError) as refused:
        read_event(json.dumps(wire).encode(), NOW)
    (refusal,) = refused.value.refusals
    assert (refusal.field, refusal.value) == (field, value)


def test_a_time_that_no_calendar_holds_in_utc_is_refused() -> None:
    with pytest.raises(RefusedError, match="years 1 to 9999"):
        read_event(json.dumps({**GOOD, "time": "0001-01-01T00:00:00+14:00"}).encode(), NOW)


def test_the_value_is_for_the_command_line_never_for_logs_or_headers() -> None:
    with pytest.raises(RefusedError) as refused:
        read_event(json.dumps(envelope(data={"previous": None, "origin": "secret-word"})).encode(), NOW)
    assert "secret-word" not in str(refused.value)
    assert "secret-word" in refused.value.shown()


def test_unknown_fields_are_no_error_and_change_nothing() -> None:
    wire = envelope({"mood": "bad"}, {"previous": {"mood": "good"}, "weather": 3}, extension="x")
    known = envelope(data={"previous": {}})
    assert read_event(json.dumps(wire).encode(), NOW) == read_event(json.dumps(known).encode(), NOW)


def test_an_event_without_time_is_of_when_it_came() -> None:
    assert read_event(json.dumps(without("time")).encode(), NOW).time == NOW


def test_times_are_in_utc() -> None:
    wire = {**GOOD, "time": "2026-03-02T10:15:00+01:00"}
    assert read_event(json.dumps(wire).encode(), NOW).time == datetime(2026, 3, 2, 9, 15, tzinfo=UTC)


def test_binary_content_mode_means_the_same_as_structured() -> None:
    headers = {f"ce_{name}": value.encode() for name, value in GOOD.items() if name != "data"}
    binary = read_event(json.dumps(GOOD["data"]).encode(), NOW, {**headers, "content-type": b"application/json"})
    assert binary == read_event(GOOD_BYTES, NOW)


def test_binary_content_mode_names_a_missing_attribute() -> None:
    headers = {"ce_specversion": b"1.0", "ce_id": b"E-1", "ce_type": b"ticket.saved"}
    with pytest.raises(RefusedError) as refused:
        read_event(json.dumps(GOOD["data"]).encode(), NOW, headers)
    assert refused.value.refusals[0].field == "source"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    with pytest.raises(RefusedError):
        read_event(raw, NOW)


@given(st.sampled_from(["id", "data", "time", "type", "source"]), JSON)
def test_any_value_in_the_envelope_is_read_or_refused(name: str, value: Any) -> None:
    _read_or_refused({**GOOD, name: value})


@given(st.sampled_from([*GOOD["data"]["ticket"], "custom", "links", "created_at", "site"]), JSON)
def test_any_value_in_the_ticket_is_read_or_refused(name: str, value: Any) -> None:
    _read_or_refused(envelope({name: value}, {"previous": {name: value}}))


def _read_or_refused(wire: dict[str, Any]) -> None:
    try:
        event = read_event(json.dumps(wire).encode(), NOW)
    except RefusedError:
        return
    assert event.id
