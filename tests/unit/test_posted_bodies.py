"""What a body may be: JSON or a form, in UTF-8 or an older charset; and what is said of all else."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any
from urllib.parse import quote_plus, urlencode

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from intake.mappings.payload import MAX_POST_BYTES, MAX_VALUES, read_payload
from schemas.refusal import RefusedError

FORM = "application/x-www-form-urlencoded"
PLAIN = st.text(st.characters(exclude_categories=["Cs"]))
TICKET = {"id": "77", "title": "Zoé & Söhne"}


def code(body: bytes, content_type: str = "application/json") -> str:
    with pytest.raises(RefusedError) as caught:
        read_payload(body, content_type)
    return caught.value.code


@pytest.mark.parametrize(
    "content_type",
    [
        "",
        "application/json",
        "Application/JSON; charset=UTF-8",
        'application/json;charset="utf-8"',
        "application/vnd.helpdesk+json",
        "application/json; charset=ISO-8859-1",
        "application/octet-stream",
        "text/plain",
        FORM,
    ],
)
@pytest.mark.parametrize("before", [b"", b"\xef\xbb\xbf", b"\r\n "])
def test_json_is_read_whatever_a_script_calls_it(content_type: str, before: bytes) -> None:
    assert read_payload(before + json.dumps(TICKET, ensure_ascii=False).encode(), content_type) == TICKET


@pytest.mark.parametrize("charset", ["ISO-8859-1", "latin1", "windows-1252", "iso-8859-15"])
def test_an_older_charset_is_read_where_it_is_named(charset: str) -> None:
    body = json.dumps(TICKET, ensure_ascii=False).encode("latin-1")
    assert read_payload(body, f"application/json; charset={charset}") == TICKET
    assert read_payload(b"title=" + "é".encode("latin-1"), f"{FORM}; charset={charset}") == {"title": "é"}
    assert read_payload(b"title=%E9", f"{FORM}; charset={charset}") == {"title": "é"}
    assert read_payload(b"title=%C3%A9", f"{FORM}; charset={charset}") == {"title": "é"}
    # Where it is not named, nothing is guessed.
    assert code(body) == "not_utf8"
    assert code(b"title=%E9", FORM) == "not_utf8"


@pytest.mark.parametrize(
    ("form", "meant"),
    [
        ("id=77&title=a+b%26c", {"id": "77", "title": "a b&c"}),
        ("ticket[id]=7&ticket[user][name]=Zo%C3%A9", {"ticket": {"id": "7", "user": {"name": "Zoé"}}}),
        ("ticket%5Bid%5D=7", {"ticket": {"id": "7"}}),
        ("tags[]=a&tags[]=b", {"tags": ["a", "b"]}),
        ("a[][b]=1&a[][b]=2", {"a": [{"b": "1"}, {"b": "2"}]}),
        ("id=1&id=2", {"id": "2"}),
        ("a=1&a[b]=2", {"a": {"b": "2"}}),
        ("a[b]=2&a=1", {"a": "1"}),
        ("empty=&nothing", {"empty": "", "nothing": ""}),
        ("a]b=1&[c]=2&d[e=3&=4", {"a]b": "1", "[c]": "2", "d[e": "3", "": "4"}),
        ("id=1;x=2", {"id": "1;x=2"}),
        ('payload={"id": 7}', {"id": 7}),
        ('payload={"id": 7}&id=8', {"payload": '{"id": 7}', "id": "8"}),
        ("payload=paid", {"payload": "paid"}),
    ],
)
def test_a_form_is_the_object_that_it_stands_for(form: str, meant: Any) -> None:
    assert read_payload(form.encode(), FORM) == meant


@pytest.mark.parametrize(
    ("body", "content_type", "wanted"),
    [
        (b"<ticket/>", "application/xml", "unsupported_media_type"),
        (b"--x", "multipart/form-data; boundary=x", "unsupported_media_type"),
        (b"{}", "application/json; charset=utf-16", "unsupported_media_type"),
        (b"{}", "application/json; charset=\x00", "unsupported_media_type"),
        (b"", "application/json", "not_json"),
        (b"", FORM, "not_json"),
        (b"ping", "text/plain", "not_json"),
        ('{"id": 7}'.encode("utf-16"), "application/json", "not_utf8"),
        (b"a=%ff", FORM, "not_utf8"),
        (b"a=\xff", FORM, "not_utf8"),
        (b"x" * (MAX_POST_BYTES + 1), FORM, "too_large"),
        (b"a&" * (MAX_VALUES + 1), FORM, "too_large"),
        (b"a" + b"[b]" * 64 + b"=1", FORM, "too_deep"),
        (b'payload={"id": ', FORM, "not_json"),
        (b'{"id": NaN}', "application/json", "not_json"),
        (b'{"id": Infinity}', "application/json", "not_json"),
        (b'{"id": 1} {"id": 2}', "application/json", "not_json"),
    ],
)
def test_what_can_not_be_read_is_named(body: bytes, content_type: str, wanted: str) -> None:
    assert code(body, content_type) == wanted


@given(st.binary(max_size=200), st.sampled_from(["", FORM, f"{FORM}; charset=latin1", "text/xml"]) | st.text())
def test_any_body_is_read_or_refused(body: bytes, content_type: str) -> None:
    with suppress(RefusedError):
        json.dumps(read_payload(body, content_type))


@given(st.dictionaries(PLAIN.filter(lambda name: not {"[", "]"} & set(name)), PLAIN, min_size=1))
def test_what_is_written_as_a_form_comes_back(fields: dict[str, str]) -> None:
    assume(list(fields) != ["payload"])
    assert read_payload(urlencode(fields, quote_via=quote_plus).encode(), FORM) == fields
