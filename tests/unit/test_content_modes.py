"""Events as libraries write them into records: content modes, data in bytes, a byte order mark, and what is refused."""

from __future__ import annotations

import base64
import json
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from schemas.event import read_event
from schemas.log import Record
from schemas.refusal import RefusedError
from schemas.topics import TICKETS
from tests.support.engine_on_fakes import FakeLog, consumer_on
from tests.support.helpdesk.events import NOW, Helpdesk, envelope
from tests.wire.written import WRITTEN, Written, is_refused
from tocsin.authoring.event_files import read_lines, read_one

BIDI_AND_LINES = "\u061c\u200e\u200f\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
BOM = b"\xef\xbb\xbf"
GOOD = envelope(data={"previous": None})
DATA = json.dumps(GOOD["data"]).encode()
JSON_EVENT = ("content-type", b"application/cloudevents+json; charset=UTF-8")
ATTRIBUTES = {f"ce_{name}": value.encode() for name, value in GOOD.items() if name != "data"}


def in_bytes(raw: bytes, **more: Any) -> bytes:
    wire = {name: value for name, value in GOOD.items() if name != "data"}
    return json.dumps({**wire, "data_base64": base64.b64encode(raw).decode()} | more).encode()


def refusal(value: bytes, headers: dict[str, bytes] | None = None) -> str:
    with pytest.raises(RefusedError) as refused:
        read_event(value, NOW, headers)
    return str(refused.value)


@pytest.mark.parametrize("written", WRITTEN, ids=[one.by for one in WRITTEN])
def test_what_libraries_write_is_one_event_or_is_refused_with_what_to_do(written: Written) -> None:
    if is_refused(written):
        words = refusal(written.value.encode(), written.headers_of())
        assert words == "data: this is JSON within a text: send the object itself"
        return
    event = read_event(written.value.encode(), NOW, written.headers_of())
    first = read_event(WRITTEN[0].value.encode(), NOW)
    assert replace(event, id=first.id) == first


def test_data_in_bytes_is_data() -> None:
    plain = read_event(json.dumps(GOOD).encode(), NOW)
    assert read_event(in_bytes(DATA), NOW) == plain
    assert read_event(in_bytes(BOM + DATA), NOW) == plain


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (in_bytes(b""), "data: the value is empty: send one JSON object"),
        (in_bytes(b"\xff"), "data: this is not UTF-8 (byte 0)"),
        (in_bytes(DATA, data=GOOD["data"]), "data_base64: an event has `data` or `data_base64`, never both"),
        (in_bytes(b"{}"), "data.ticket: this required field is missing (null where there is none)"),
        (in_bytes(DATA, data_base64="e30"), "data_base64: this is not base64 (RFC 4648, section 4)"),
        (in_bytes(DATA, data_base64="e\n30="), "data_base64: this is not base64 (RFC 4648, section 4)"),
        (in_bytes(DATA, data_base64=None), "data: this required field is missing"),
        (
            b" [" + json.dumps(GOOD).encode() + b"]",
            "this is a list, as a batch of events has it: send each event, one JSON object, as a record of its own",
        ),
    ],
)
def test_data_that_cannot_be_read_is_refused_by_name(value: bytes, words: str) -> None:
    assert refusal(value) == words


def test_content_type_tells_the_mode_whatever_else_the_headers_say() -> None:
    wrong = {**ATTRIBUTES, "ce_id": b"another"}
    event = read_event(json.dumps(GOOD).encode(), NOW, {**wrong, JSON_EVENT[0]: JSON_EVENT[1]})
    assert event.id == GOOD["id"]
    assert read_event(json.dumps(GOOD).encode(), NOW, {"Content-Type": b"APPLICATION/CloudEvents"}) == event
    # Without attributes it can't be binary mode; some libraries write only the media type of the data.
    assert read_event(json.dumps(GOOD).encode(), NOW, {"content-type": b"application/json"}) == event
    assert read_event(DATA, NOW, {**ATTRIBUTES, "content-type": b"application/json"}) == event


@pytest.mark.parametrize(
    ("written", "words"),
    [
        (b"application/cloudevents-batch+json", "batched content mode): send each event as a record of its own"),
        (b"application/cloudevents+avro", "not read: send application/cloudevents+json, or binary content mode"),
    ],
)
def test_a_batch_and_another_format_are_refused_for_what_they_are(written: bytes, words: str) -> None:
    found = refusal(b"[]", {"content-type": written})
    assert found.startswith("content-type: ")
    assert found.endswith(words)


@pytest.mark.parametrize("prefix", ["ce-", "CE-", "CE_", "Ce_"])
def test_attributes_as_http_has_them_are_named_in_the_refusal(prefix: str) -> None:
    headers = {prefix + name.removeprefix("ce_"): value for name, value in ATTRIBUTES.items()}
    assert f"headers: the header '{prefix}specversion' looks like an attribute" in refusal(DATA, headers)
    # They stop no event that is whole.
    assert read_event(json.dumps(GOOD).encode(), NOW, headers).id == GOOD["id"]


def test_bytes_that_are_called_no_more_than_bytes_are_read_as_json_in_either_mode() -> None:
    plain = read_event(json.dumps(GOOD).encode(), NOW)
    assert read_event(in_bytes(DATA, datacontenttype="application/octet-stream"), NOW) == plain
    assert read_event(DATA, NOW, {**ATTRIBUTES, "content-type": b"application/octet-stream"}) == plain
    # The control: what says that it is something else, and bytes that are no JSON.
    wrong = refusal(in_bytes(DATA, datacontenttype="application/xml"))
    assert wrong.startswith("datacontenttype: only application/json can be read")
    assert refusal(in_bytes(b"<a/>", datacontenttype="application/octet-stream")).startswith("data: this is not JSON")


def test_a_header_without_value_is_an_absent_attribute() -> None:
    headers = {**ATTRIBUTES, "ce_subject": b"", "ce_time": b""}
    assert read_event(DATA, NOW, headers).time == NOW
    assert refusal(DATA, {**ATTRIBUTES, "ce_id": b""}).startswith("id: this required field is missing")


@pytest.mark.parametrize(
    ("ticket", "data", "field"),
    [
        ({"id": 42}, {"previous": None}, "data.ticket.id"),
        ({}, {"previous": None, "origin": "robot"}, "data.origin"),
        ({}, {"previous": {"status": 3}}, "data.previous.status"),
        ({"custom": {"n": 2**80}}, {"previous": None}, "data.ticket.custom.n"),
        ({}, {}, "data.previous"),
    ],
)
def test_a_field_has_one_name_in_every_mode(ticket: dict[str, Any], data: dict[str, Any], field: str) -> None:
    wire = envelope(ticket, data)
    raw = json.dumps(wire["data"]).encode()
    found = {refusal(json.dumps(wire).encode()), refusal(in_bytes(raw)), refusal(raw, ATTRIBUTES)}
    assert len(found) == 1
    assert found.pop().startswith(f"{field}: ")


@pytest.mark.parametrize(
    ("wire", "words"),
    [
        (envelope(data={"previous": None, "origin": "robot"}), "user, automation, import, merge, test, auto_reply"),
        (envelope(data={"triggers": ["reopened"]}), "closed, resolved, opened, status_changed"),
        (envelope(data={"previous": None, "actor": {"kind": "robot"}}), "contact, collaborator, system"),
        (envelope(data={"previous": None}, specversion="0.3"), "1.0"),
        (
            envelope(data={"previous": None}, type="deleted"),
            "ticket.saved, ticket.opened, ticket.resolved, ticket.closed, ticket.status_changed",
        ),
    ],
)
def test_a_wrong_word_is_refused_with_those_that_are_allowed(wire: dict[str, Any], words: str) -> None:
    listed = refusal(json.dumps(wire).encode()).partition("allowed here: ")[2].partition(" (did you mean")[0]
    assert set(listed.split(", ")) == set(words.split(", "))


@pytest.mark.parametrize(
    ("character", "name"),
    [
        ("\n", "control character (U+000A)"),
        ("\x85", "control character (U+0085)"),
        ("\u2028", "LINE SEPARATOR (U+2028)"),
        ("\u2029", "PARAGRAPH SEPARATOR (U+2029)"),
        ("\u202e", "RIGHT-TO-LEFT OVERRIDE (U+202E)"),
        ("\u2066", "LEFT-TO-RIGHT ISOLATE (U+2066)"),
        ("\u200f", "RIGHT-TO-LEFT MARK (U+200F)"),
        ("\u061c", "ARABIC LETTER MARK (U+061C)"),
    ],
)
def test_a_character_that_cannot_be_seen_is_named(character: str, name: str) -> None:
    wire = envelope({"id": f"T-1{character}"}, {"previous": None})
    assert refusal(json.dumps(wire).encode()) == f"data.ticket.id: an id has no {name}: leave it out"


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20))
def test_an_id_is_read_as_it_is_or_its_unseen_character_is_named(text: str) -> None:
    wire = json.dumps(envelope({"id": text}, {"previous": None})).encode()
    unseen = any(unicodedata.category(one) == "Cc" or one in BIDI_AND_LINES for one in text)
    assert (f"{read_or_refused(wire)}" == text) is not unseen


def read_or_refused(value: bytes, headers: dict[str, bytes] | None = None) -> str:
    try:
        return read_event(value, NOW, headers).ticket.id
    except RefusedError as error:
        return f"refused as {error.code}"


@given(st.dictionaries(st.text(max_size=12) | st.sampled_from([*ATTRIBUTES, "content-type", "ce-id"]), st.binary()))
def test_any_headers_are_read_or_refused(headers: dict[str, bytes]) -> None:
    outcomes = {read_or_refused(value, headers) for value in (json.dumps(GOOD).encode(), DATA)}
    assert outcomes <= {"T-1042", "refused as invalid_field", "refused as not_utf8"}


def test_a_byte_order_mark_is_left_out_in_the_log_and_in_files(tmp_path: Path) -> None:
    event = json.dumps(GOOD).encode()
    assert read_event(BOM + event, NOW) == read_event(event, NOW)
    file = tmp_path / "events.jsonl"
    file.write_bytes(BOM + event + b"\n" + BOM + event + b"\n")
    assert [line.event for line in read_lines(file, NOW)] == [read_event(event, NOW)] * 2
    file.write_bytes(BOM + event)
    assert read_one(file, NOW).event == read_event(event, NOW)
    assert refusal(json.dumps(GOOD).encode("utf-16")) == "this is UTF-16: send UTF-8"


def test_a_record_without_value_is_passed_over_and_counted() -> None:
    log, desk = FakeLog(), Helpdesk()
    log.append(None)
    log.event()
    log.records.append(Record(TICKETS, 0, 2, NOW, b"T-1042", None))
    batch = consumer_on(log, desk).step(0)
    assert (batch.records, batch.tombstones, len(batch.handled), log.committed) == (3, 2, 1, 3)
