"""Events posted over HTTP become records that engines read as those of Kafka; what is no event is refused."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intake.cloudevents.header_values import decoded
from intake.cloudevents.reading import BATCH, EVENT, Bounds, records_in
from schemas.event import read_event
from schemas.log import NewRecord
from schemas.refusal import RefusedError
from tests.support.helpdesk.events import NOW, envelope

GOOD = envelope(data={"previous": None})
DATA = json.dumps(GOOD["data"]).encode()
ATTRIBUTES = {name: value for name, value in GOOD.items() if name != "data"}
WRITTEN = [
    msgspec.json.decode(line)
    for line in (Path(__file__).parents[1] / "wire" / "cloudevents_http.jsonl").read_bytes().splitlines()
]
"""What the libraries make of one event: cloudevents 1.13.0 and 2.2.0 for Python, 10.0.0 for JavaScript."""


def post(body: bytes, **headers: str) -> list[NewRecord]:
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return records_in(raw, body, NOW)


def structured(event: Any, content_type: str = EVENT) -> list[NewRecord]:
    return post(json.dumps(event).encode(), Content_Type=content_type)


def batch(*events: Any, bounds: Bounds | None = None) -> list[NewRecord]:
    return records_in([(b"content-type", BATCH.encode())], json.dumps(events).encode(), NOW, bounds)


def binary(body: bytes = DATA, **more: str) -> list[NewRecord]:
    named = {f"ce-{name}": quote(value, safe="") for name, value in ATTRIBUTES.items()}
    return post(body, **{"content-type": "application/json"} | named | more)


def refused(call: Any) -> RefusedError:
    with pytest.raises(RefusedError) as caught:
        call()
    return caught.value


@pytest.mark.parametrize("written", WRITTEN, ids=[one["by"] for one in WRITTEN])
def test_what_the_libraries_write_is_read(written: dict[str, Any]) -> None:
    raw = [(name.encode(), value.encode()) for name, value in written["headers"].items()]
    records = records_in(raw, written["body"].encode(), NOW)
    assert len(records) == (2 if "batched" in written["by"] else 1)
    for one in records:
        event = read_event(one.value or b"", NOW, dict(one.headers))
        assert (event.ticket.id, event.source, event.previous) == ("T-1042", "/helpdesk", None)
        assert event.ticket.external_description == "Since this morning nothing prints, sagt Zoë."
        assert one.key == b"T-1042"


def test_percent_encoded_attributes_are_decoded_for_the_log() -> None:
    [written] = [one for one in WRITTEN if one["by"] == "cloudevents 2.2.0 (Python), binary"]
    raw = [(name.encode(), value.encode()) for name, value in written["headers"].items()]
    [record] = records_in(raw, written["body"].encode(), NOW)
    headers = dict(record.headers)
    assert headers["ce_id"].decode() == "py2-b é"
    assert headers["ce_subject"].decode() == 'Zoë "T-1042" 100 %'
    assert headers["ce_time"] == b"2026-03-02T09:15:00Z"


def test_a_structured_event_stands_in_the_log_as_it_was_posted() -> None:
    body = b'\xef\xbb\xbf {"unknown": 1.50, ' + json.dumps(GOOD).encode()[1:]
    [record] = post(body, Content_Type="application/cloudevents+json; charset=UTF-8")
    assert (record.topic, record.key, record.value) == ("helpdesk.tickets", b"T-1042", body)
    assert record.headers == (("content-type", EVENT.encode()),)


def test_all_modes_lead_to_one_event() -> None:
    made = [structured(GOOD)[0], binary()[0], batch(GOOD)[0]]
    first, *others = [read_event(one.value or b"", NOW, dict(one.headers)) for one in made]
    assert others == [first, first]


def test_a_batch_keeps_its_order_and_each_event_its_bytes() -> None:
    events = [GOOD | {"id": f"e-{number}", "number": 1.50} for number in range(5)]
    text = "[\n" + ",\n".join(json.dumps(one) for one in events) + "]"
    records = records_in([(b"content-type", BATCH.encode())], text.encode(), NOW)
    assert [one.value for one in records] == [json.dumps(one).encode() for one in events]
    assert batch() == []


def test_the_trace_goes_on() -> None:
    parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    [record] = binary(traceparent=parent)
    assert dict(record.headers)["traceparent"] == parent.encode()


@pytest.mark.parametrize(
    ("raw", "meant"),
    [
        (b"Euro%20%E2%82%AC%20%F0%9F%98%80", "Euro € 😀"),
        (b"euro%e2%82%ac", "euro€"),
        (b"%41", "A"),
        (b"100%2525", "100%25"),
        (b'"a \\"b\\" \\\\ c"', 'a "b" \\ c'),
        (b' "a%20b" ', "a b"),
        ("é".encode(), "é"),
        (b"50%", "50%"),
        (b'5"', '5"'),
        (b"", ""),
    ],
)
def test_header_values_are_unquoted_and_percent_decoded_once(raw: bytes, meant: str) -> None:
    assert decoded("subject", raw) == meant


@pytest.mark.parametrize("raw", [b"%C0%A0", b"%ff", b"\xff"])
def test_what_is_no_utf8_is_refused(raw: bytes) -> None:
    error = refused(lambda: decoded("subject", raw))
    assert (error.code, error.refusals[0].field) == ("not_utf8", "subject")


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc"])))
def test_what_is_encoded_as_the_binding_says_comes_back(text: str) -> None:
    printable = "".join(chr(one) for one in range(0x21, 0x7F) if chr(one) not in '"%')
    assert decoded("subject", quote(text, safe=printable).encode()) == text


@settings(max_examples=200)
@given(st.binary(max_size=40))
def test_any_header_value_is_read_or_refused(raw: bytes) -> None:
    with suppress(RefusedError):
        decoded("id", raw)


@settings(max_examples=200)
@given(
    st.sampled_from([EVENT, BATCH, "application/json", "", "application/cloudevents+xml", "text/plain; charset"]),
    st.one_of(st.binary(max_size=40), st.sampled_from([b"[" * 50_000, b"[]", b"null", b"[null]", DATA])),
    st.booleans(),
)
def test_any_body_becomes_records_or_is_refused(content_type: str, body: bytes, with_attributes: bool) -> None:
    more = [(b"ce-specversion", b"1.0"), (b"ce-id", b"1")] if with_attributes else []
    with suppress(RefusedError):
        records_in([(b"Content-Type", content_type.encode()), *more], body, NOW)


def test_one_bad_event_refuses_a_batch_with_its_index() -> None:
    bad = GOOD | {"type": "ticket.opned"}
    error = refused(lambda: batch(GOOD, bad, GOOD, 7))
    assert [one.field for one in error.refusals] == ["[1].type", "[3]"]
    assert "ticket.opened" in error.refusals[0].reason
    assert error.refusals[0].value == '"ticket.opned"'


def test_of_many_bad_events_some_are_told() -> None:
    assert len(refused(lambda: batch(*[7] * 500)).refusals) == 20


def test_a_batch_has_bounds() -> None:
    assert len(batch(GOOD, GOOD, bounds=Bounds(batch_events=2))) == 2
    many = refused(lambda: batch(GOOD, GOOD, GOOD, bounds=Bounds(batch_events=2)))
    large = refused(lambda: batch(GOOD, bounds=Bounds(batch_bytes=100)))
    assert (many.code, large.code) == ("too_large", "too_large")
    assert refused(lambda: structured(GOOD | {"x": "y" * 1_048_576})).code == "too_large"


@pytest.mark.parametrize(
    ("content_type", "code", "words"),
    [
        ("application/cloudevents+xml", "unsupported_media_type", "application/cloudevents+json"),
        ("application/cloudevents+json; charset=utf-16", "unsupported_media_type", "UTF-8"),
        ("application/json", "unsupported_media_type", "ce-specversion"),
        ("", "unsupported_media_type", "ce-specversion"),
        (BATCH, "invalid_field", "list"),
    ],
)
def test_a_body_in_another_format_is_refused_with_what_to_send(content_type: str, code: str, words: str) -> None:
    error = refused(lambda: structured(GOOD, content_type))
    assert error.code == code
    assert words in str(error)


def test_a_list_under_the_type_of_one_event_is_refused() -> None:
    assert "list" in str(refused(lambda: structured([GOOD])))


def test_a_header_that_comes_twice_is_refused() -> None:
    raw = [(b"ce-specversion", b"1.0"), (b"ce-id", b"a"), (b"CE-ID", b"b")]
    assert refused(lambda: records_in(raw, DATA, NOW)).refusals[0].field == "id"


def test_faults_of_binary_mode_name_the_fields_of_an_event() -> None:
    assert refused(lambda: binary(DATA, **{"ce-type": "ticket.gone"})).refusals[0].field == "type"
    assert refused(lambda: binary(b"{}")).refusals[0].field == "data.ticket"
    assert refused(lambda: binary(DATA, **{"ce-data": "x", "ce-time": "yesterday"})).refusals[0].field == "time"
