"""What a record is about, read from bytes that may be anything."""

from __future__ import annotations

import json
import time
from base64 import b64encode
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.reading import IDENTIFIER_LENGTH
from tests.support.helpdesk.files import created
from tocsin.operations.dead_letters.subjects import READ_BYTES, Subject, subject_of

EVENT = created(1)
ALL = Subject("T-1", "C-7", "2026-1")


def of(value: Any, key: bytes | None = None, **headers: bytes) -> Subject:
    raw = value if isinstance(value, bytes) else json.dumps(value, ensure_ascii=False).encode()
    return subject_of(key, raw, tuple(headers.items()))


def test_an_event_names_all_in_every_content_mode() -> None:
    data = EVENT["data"]
    assert of(EVENT) == ALL
    assert of(b"\xef\xbb\xbf" + json.dumps(EVENT, indent=2).encode()) == ALL
    assert of(data, ce_specversion=b"1.0") == ALL
    assert of({"id": "E-1", "data_base64": b64encode(json.dumps(data).encode()).decode()}) == ALL


def test_a_job_names_its_ticket() -> None:
    assert of({"id": "j", "ticket": "T-1", "context": {"ticket": {"id": "no"}}}) == Subject("T-1", None)


def test_what_the_bytes_do_not_name_the_subject_or_the_key_does() -> None:
    assert of(b"<xml/>", key=b"T-9") == Subject("T-9", None)
    assert of(b"<xml/>", key=b"T-9", ce_subject=b"T-8") == Subject("T-8", None)
    assert of(EVENT, key=b"T-9", ce_subject=b"T-8") == ALL
    assert subject_of(None, None) == Subject(None, None)
    assert subject_of(b"x" * 5_000, None) == Subject(None, None)
    assert subject_of(b"\xff", None) == Subject("\\xff", None)


def test_only_the_ticket_itself_counts() -> None:
    ticket = {"contract": None, "custom": {"contract": "x", "id": "x"}, "title": '"contract": "x"', "id": "T-1"}
    wrong = {"previous": {"id": "x", "contract": "x"}, "list": [{"ticket": {"id": "x"}}], "ticket": ticket}
    assert of({"data": wrong, "contract": "x"}) == Subject("T-1", None)


@pytest.mark.parametrize(
    ("named", "said"),
    [
        (1042, "1042"),
        (-1.5, "-1.5"),
        (True, None),
        (None, None),
        ("", None),
        (["T-1"], None),
        ({"id": "T-1"}, None),
        ("x" * (IDENTIFIER_LENGTH + 1), None),
        ("\u202e\x1b", "\u202e\x1b"),
    ],
)
def test_an_id_is_a_text_or_a_number(named: Any, said: str | None) -> None:
    assert of({"data": {"ticket": {"id": named, "contract": "C-7"}}}) == Subject(said, "C-7")


def test_of_a_text_that_breaks_off_whatever_was_whole_counts() -> None:
    raw = json.dumps(EVENT).encode()
    found = [of(raw[:length]) for length in range(len(raw))]
    assert set(found) == {Subject(None, None), Subject("T-1", None), Subject("T-1", None, "2026-1"), ALL}
    whole = raw.index(b'"C-7"') + len(b'"C-7"')
    assert found[whole - 1].contract is None
    assert {one.contract for one in found[whole:]} == {"C-7"}


def test_no_more_is_read_than_is_said() -> None:
    filled = {"data": {"filling": "x" * READ_BYTES, "ticket": {"id": "T-1"}}}
    assert of(filled) == Subject(None, None)
    filled["data"]["filling"] = "x" * (READ_BYTES - 200)
    assert of(filled) == Subject("T-1", None)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["id", "contract", "ticket", "data", "x"]), inner),
    max_leaves=20,
)
IDS = st.text(min_size=1, max_size=IDENTIFIER_LENGTH)


@given(before=VALUES, within=VALUES, ticket=IDS, contract=IDS, reference=IDS, indent=st.sampled_from([None, 2]))
def test_it_reads_what_a_reader_of_json_reads(
    before: Any, within: Any, ticket: str, contract: str, reference: str, indent: int | None
) -> None:
    named = {"x": within, "id": ticket, "y": [within], "contract": contract, "reference": reference}
    event = {"x": before, "data": {"previous": before, "ticket": named, "actor": within}}
    for ascii_only in (True, False):
        text = json.dumps(event, indent=indent, ensure_ascii=ascii_only)
        assert of(text.encode()) == Subject(ticket, contract, reference)


@given(st.binary() | st.text(alphabet='{}[]",:\\ax1 ').map(str.encode))
def test_nothing_is_too_odd(raw: bytes) -> None:
    of(raw, key=raw, ce_subject=raw)


@pytest.mark.parametrize(
    "hostile",
    [b'"' + b'\\"' * READ_BYTES, b'"' * READ_BYTES, b"[" * READ_BYTES, b"\\" * READ_BYTES, b'{"a":' * READ_BYTES],
)
def test_nothing_takes_long(hostile: bytes) -> None:
    began = time.process_time()
    of(hostile)
    assert time.process_time() - began < 2
