"""The redactor of logs: what it hides, wherever it stands, and what it leaves as it is."""

from __future__ import annotations

import re
import time

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.sender.fakes import a_job
from tocsin.logs.redaction import ADDRESS, LONGEST, NUMBER, READ, Redactor, is_plain

REDACTOR = Redactor()

WORD = st.text(
    st.characters(codec="utf-8", exclude_characters=' "<>,;:\\@%\uff20\ufe6b', categories=["L", "N", "S"]), min_size=1
)
QUOTED = st.text(st.characters(codec="utf-8", exclude_characters='"\\', exclude_categories=["C"]), min_size=1).map(
    lambda text: f'"{text}"'
)
LOCAL = st.one_of(WORD, QUOTED, st.lists(WORD, min_size=1, max_size=3).map(".".join))
AT = st.sampled_from(["@", "\uff20", "\ufe6b", "%40"])
DOMAIN = st.one_of(
    st.lists(WORD, min_size=2, max_size=3).map(".".join),
    st.sampled_from(["[127.0.0.1]", "[IPv6:2001:db8::1]", "b\u00fccher.example"]),
)
FRAME = st.sampled_from(
    ["{}", "<{}>", "550 5.1.1 <{}>: unknown", "to={}, from={}", "é {}; x", "mailto:{}", "({})", "a\n{}\tb"]
)


@settings(deadline=None)
@given(LOCAL, AT, DOMAIN, FRAME)
def test_no_part_of_an_address_is_left(local: str, at: str, domain: str, frame: str) -> None:
    found = REDACTOR.text(frame.format(*[local + at + domain] * 2))
    expected = frame.format(*[ADDRESS] * 2)
    # What touches it may be hidden with it.
    assert ADDRESS in found
    assert len(found) <= len(expected)
    assert at not in found


@settings(deadline=None)
@given(st.text())
def test_any_text_can_be_written_and_no_at_is_left(text: str) -> None:
    found = REDACTOR.text(text)
    msgspec.json.encode(found)
    assert not re.search("[@\uff20\ufe6b]|%40", found)
    assert REDACTOR.text(found) == found


@pytest.mark.parametrize(
    "number",
    [
        "+33 1 23 45 67 89",
        "06\u202f12\u202f34\u202f56\u202f78",
        "+33123456789",
        "0033 1 23 45 67 89",
        "01.23.45.67.89",
        "(0)1 23 45 67 89",
        "+1 (415) 555-0132",
        "33123456789",
        "+49 (0)30 123-456-78",
        "0123\xa0456\xa0789",
        "01/23456789",
    ],
)
def test_numbers_of_telephones_are_hidden(number: str) -> None:
    assert REDACTOR.text(f"sms to {number} failed") == f"sms to {NUMBER} failed"
    assert REDACTOR.text(f"tel:{number}") == f"tel:{NUMBER}"


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-02T09:15:00Z",
        "2026-03-02 09:15:00",
        "192.168.100.200:25",
        "10.0.0.1",
        "b2f7c7b6e6f0434e9d1d2f0c7a1e99aa",
        "550 5.1.1",
        "1500 of 2000 records",
        "T-1042",
        "01JD5ZK3Y7Q8W9E0R1T2Y3U4I5",
        "transaction_timeout_ms 60000",
        "kafka-1:9092",
    ],
)
def test_what_is_no_number_of_a_telephone_is_left(text: str) -> None:
    assert REDACTOR.text(text) == text


def test_a_number_behind_a_date_is_hidden() -> None:
    assert REDACTOR.text("2026-03-02 0155550123") == NUMBER
    assert REDACTOR.text("2026-03-02 09:15, 0155550123") == f"2026-03-02 09:15, {NUMBER}"


def test_ids_may_be_long_numbers_since_lines_are_found_by_them() -> None:
    event = {"event_id": "20260302091500123", "said": "20260302091500123", "offset": 20260302091500123}
    assert REDACTOR.event(event) == {**event, "said": NUMBER}
    assert REDACTOR.event({"event_id": "zoe@acme.example"}) == {"event_id": ADDRESS}


def test_secrets_are_hidden_in_every_field_and_form() -> None:
    redactor = Redactor(["s3cr3t", 's3cr3t-"long"'])
    fields = {"event_id": "s3cr3t", "said": 'x s3cr3t-"long" y', "deep": [{"a": ("s3cr3t",)}]}
    assert redactor.event(fields) == {"event_id": "[secret]", "said": "x [secret] y", "deep": [{"a": ["[secret]"]}]}
    line = msgspec.json.encode({"said": 's3cr3t-"long"'}).decode()
    assert not redactor.is_clean(line)
    assert REDACTOR.is_clean(line), "the control: without secrets there is nothing to hide"


def test_values_are_bounded() -> None:
    assert len(REDACTOR.text("x " * READ)) < 40
    assert len(REDACTOR.text("x" * READ)) == LONGEST + 1
    many = REDACTOR.event({"all": list(range(1_000)), "deep": [[[[[["zoe"]]]]]]})
    assert len(many["all"]) == 51
    assert "zoe" not in str(many)


def test_what_shows_all_its_fields_is_not_shown() -> None:
    job = a_job()
    assert job.address in str(job), "the control: its text holds the address"
    assert REDACTOR.event({"job": job, "raw": b"zoe"}) == {"job": "<Job>", "raw": "<bytes>"}
    assert not is_plain({"job": job})
    assert not is_plain({"raw": b"zoe"})
    assert not is_plain({"list": [b"zoe"]})


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from("abc"), st.text() | st.integers() | st.lists(st.text(), max_size=3)))
def test_a_line_that_is_written_as_it_is_has_nothing_to_hide(fields: dict[str, object]) -> None:
    line = msgspec.json.encode(fields).decode()
    if REDACTOR.is_clean(line):
        assert REDACTOR.event(fields) == fields


@pytest.mark.parametrize("piece", ['\\"', '"\\', 'a"', '"a ', "a@", "1 ", "1-", "@", '"'])
def test_a_hostile_text_is_read_in_bounded_time(piece: str) -> None:
    text = piece * (READ // len(piece) - 1) + "@"
    started = time.process_time()
    REDACTOR.text(text)
    assert time.process_time() - started < 2
