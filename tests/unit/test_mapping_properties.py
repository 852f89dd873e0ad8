"""Whatever is posted, a mapping gives an observation, ignores it, or refuses it in words; within a bounded time."""

from __future__ import annotations

import json
import time
from contextlib import suppress
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.mapping_files.folder import mapping_files
from adapters.mapping_files.load import load_mapping
from adapters.yaml_files.faults import FaultyFileError
from intake.mappings.mapping import Mapped
from intake.mappings.mapping import Mapping as TicketMapping
from intake.observation import Ignored
from schemas.description import is_described
from schemas.html_text import text_of_html
from schemas.refusal import Refusal, RefusedError
from tests.support.intake.mappings import applied, faults, mapping

SHIPPED = {name: load_mapping(file) for name, file in mapping_files().items()}
STRANGE = ["\ud800", "\u202e", "", " ", "<", "&#99999999999;", "2026-02-30T25:00:00Z", "0001-01-01T00:00:00+14:00"]
HOSTILE = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([10**400, -(10**19), 2**63, 2**64]),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(),
    st.sampled_from(STRANGE),
)
VALUES = st.recursive(HOSTILE, lambda one: st.lists(one, max_size=4) | st.dictionaries(st.text(), one, max_size=4))

EVERYTHING = mapping(
    """
time:
  - {from: $.seconds, time: seconds}
  - {from: $.ms, time: milliseconds}
  - $.iso
  - {from: $.local, time: "%d/%m/%y %I:%M %p", zone: Africa/Casablanca}
moment: [$.moment, unknown]
delivery: [{header: X-Delivery}, $.delivery]
triggers: $.triggers
ticket:
  id: [$.id, {from: "$.list[?@.id == 1].id", pick: first}]
  contract: [{from: $.reference, look_up: [reference, customer]}, {look_up: [customer, product]}]
  customer: {from: $.customer, write: "c-{}"}
  product: $.product
  title: $.title
  external_description: {from: $.html, text: html}
  status: {from: $.status, map: {"1": a, "": b}, otherwise: c}
  resolution_marked: {is: "$.a == $.b || $.c < $.d && !$.list[?@.x > 1.5]"}
  closed_for_customer: $.closed
  created_at: $.iso
  custom: {any: $.custom, length: {is: "length($.list) > 2"}}
  links: {agent: $.link}
actor: {kind: $.kind, id: $.id, email: $.title}
origin: $.origin
notify: $.notify
"""
)
KEYS = [
    "seconds",
    "ms",
    "iso",
    "local",
    "moment",
    "delivery",
    "triggers",
    "id",
    "list",
    "reference",
    "customer",
    "product",
    "title",
    "html",
    "status",
    "a",
    "b",
    "c",
    "d",
    "closed",
    "custom",
    "link",
    "kind",
    "origin",
    "notify",
]


def holds(by: TicketMapping, payload: Any) -> None:
    """It is refused by name, or gives what can be written as JSON."""
    refusals: tuple[Refusal, ...] = ()
    result: Mapped | Ignored | None = None
    try:
        result = applied(by, payload, {"X-Delivery": "d"})
    except RefusedError as error:
        refusals = error.refusals
    assert all(refusal.reason for refusal in refusals)
    assert (result is None) == bool(refusals)
    if isinstance(result, Mapped):
        msgspec.json.encode(result.observation)


@given(st.dictionaries(st.sampled_from(KEYS), VALUES) | VALUES)
@settings(max_examples=300, deadline=None)
def test_no_payload_makes_it_fail_otherwise(payload: Any) -> None:
    holds(EVERYTHING, payload)


def places(payload: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    members = payload.items() if isinstance(payload, dict) else enumerate(payload) if isinstance(payload, list) else ()
    return [path, *(place for key, one in members for place in places(one, (*path, key)))]


def posts() -> list[tuple[str, Any]]:
    """Real payloads by the mapping that they are for."""
    folder = mapping_files()["generic"].parent / "posts"
    files = sorted(folder.rglob("*.json"))
    return [(file.name.partition("-")[0], json.loads(file.read_text(encoding="utf-8"))) for file in files]


@given(st.data())
@settings(max_examples=200, deadline=None)
def test_a_real_payload_with_something_strange_in_it_is_read_or_refused(data: st.DataObject) -> None:
    name, payload = data.draw(st.sampled_from([*posts(), ("generic", {"id": 1, "time": "x", "closed": True})]))
    payload = json.loads(json.dumps(payload))
    place = data.draw(st.sampled_from([place for place in places(payload) if place]))
    for step in place[:-1]:
        payload = payload[step] if isinstance(payload, dict | list) else payload
    payload[place[-1]] = data.draw(VALUES)
    holds(SHIPPED[name], payload)


@pytest.mark.parametrize("name", SHIPPED)
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff",
        b"{",
        b"null",
        b"[]",
        b"{}",
        b'{"id": NaN}',
        b'"\\ud800"',
        b'{"ticket": "\\ud800"}',
        b'{"id": ' + b"9" * 400 + b"}",
        b"[" * 10_000 + b"]" * 10_000,
        b'{"ticket": ' * 10_000 + b"1" + b"}" * 10_000,
        b'{"a": ' * 70 + b"1" + b"}" * 70,
        b"[" + b"0," * 30_000 + b"0]",
        b'"' + b"a" * 2_000_000 + b'"',
    ],
    ids=lambda body: repr(body[:20]),
)
def test_bytes_that_nobody_meant_are_refused_or_ignored(name: str, body: bytes) -> None:
    holds(SHIPPED[name], body)


def test_the_worst_filters_on_the_largest_payload_take_a_bounded_time() -> None:
    fields = "".join(f'\n    f{n}: {{from: "$.a[?@.b == {n}].c", pick: first}}' for n in range(50))
    by = mapping(f"ticket:\n  id: x\n  custom:{fields}")
    started = time.process_time()
    holds(by, {"a": [{"b": None, "c": 1}] * 6_600})
    # A second on a quiet machine. Were the time square in the payload, it would be an hour.
    assert time.process_time() - started < 20


@given(st.text(max_size=60).map(lambda text: "$" + text))
@settings(max_examples=300, deadline=None)
def test_any_path_is_read_or_named(path: str) -> None:
    for field in ({"id": path}, {"id": "x", "title": {"from": "$.a", "if": path[1:] or "$"}}):
        with suppress(FaultyFileError):  # of a character that YAML itself does not take
            faults(json.dumps({"ticket": field}, ensure_ascii=False))


@given(st.text(alphabet="<>/ap&;!-div br\n x\xa0", max_size=60))
@settings(max_examples=300, deadline=None)
def test_html_has_a_text_exactly_where_a_reader_would_see_one(markup: str) -> None:
    assert bool(is_described(text_of_html(markup))) == is_described(markup)


@pytest.mark.parametrize("part", ["<p>", "<!--", "<script>", "<", "&", "<pre>", " ", "\n", "</td>", "&#" + "9" * 10])
def test_long_html_takes_time_in_proportion(part: str) -> None:
    started = time.process_time()
    text_of_html(part * (300_000 // len(part)))
    assert time.process_time() - started < 5
