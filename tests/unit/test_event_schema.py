"""The published schema of an event accepts and refuses what the reader accepts and refuses."""

from __future__ import annotations

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from schemas.event import read_event
from schemas.generate import FOLDER
from schemas.refusal import RefusedError
from tests.support.helpdesk.events import NOW, envelope

SCHEMA = json.loads((FOLDER / "ticket-event.schema.json").read_text())
VALIDATOR = Draft202012Validator(SCHEMA)

CREATED = {"previous": None}
CLOSED = {"closed_for_customer": True}
RESOLVED = {"resolution_marked": True}


def declared(kind: str, ticket: dict[str, Any] | None = None, **data: Any) -> dict[str, Any]:
    return envelope(ticket, data, type=f"ticket.{kind}")


def triggers(*names: Any, **ticket: Any) -> dict[str, Any]:
    return envelope(ticket, {"triggers": list(names)})


def lacking(*path: str) -> dict[str, Any]:
    wire = envelope(data={**CREATED, "actor": {}})
    *steps, last = path
    holder = wire
    for step in steps:
        holder = holder[step]
    del holder[last]
    return wire


GOOD: dict[str, dict[str, Any]] = {
    "created": envelope(data=CREATED),
    "saved": envelope(data={"previous": {"status": "new"}}),
    "nothing changed": envelope(data={"previous": {}}),
    "declared none": triggers(),
    "declared, and null before": envelope(data={"previous": None, "triggers": ["status_changed"]}),
    "saved, and null declared": envelope(data={"previous": {"status": "new"}, "triggers": None}),
    "typed, and null beside": {
        **declared("status_changed"),
        "data": {**declared("status_changed")["data"], "previous": None},
    },
    "empty ids": envelope(dict.fromkeys(["contract", "customer", "site", "status"], ""), CREATED),
    "media type in capitals": envelope(data=CREATED, datacontenttype="Application/JSON"),
    "media type of bytes": envelope(data=CREATED, datacontenttype="application/Octet-Stream"),
    "no media type": envelope(data=CREATED, datacontenttype=""),
    "declared": triggers("opened", "status_changed"),
    "declared closed": triggers("closed", **CLOSED),
    "declared resolved": triggers("resolved", **RESOLVED),
    "opened by type": declared("opened"),
    "resolved by type": declared("resolved", RESOLVED),
    "closed by type": declared("closed", CLOSED),
    "status by type": declared("status_changed"),
    "null where there is none": envelope(dict.fromkeys(["contract", "customer", "status", "title"]), CREATED),
    "null options": envelope({"site": None, "custom": None}, {**CREATED, "actor": None, "notify": None}),
    "actor": envelope(data={**CREATED, "actor": {"kind": "contact", "id": "ct-1"}, "origin": "user"}),
    "internal": envelope(data={**CREATED, "notify": "internal"}),
    "unknown fields": envelope({"mood": "bad"}, {"previous": {"mood": "good"}, "weather": 3}, extension="x"),
    "no time": {name: value for name, value in envelope(data=CREATED).items() if name != "time"},
    "media type": envelope(data=CREATED, datacontenttype="application/json; charset=utf-8"),
    "long id": envelope({"id": "\N{BELL}" * 256}, CREATED),
    "custom": envelope({"custom": {"severity": 2, "tags": ["a"], "deep": {"er": None}}}, CREATED),
    "empty texts": envelope({"title": "", "external_description": " "}, CREATED),
}

BAD: dict[str, Any] = {
    "no object": [],
    "neither previous nor triggers": envelope(),
    "both": envelope(data={"previous": {}, "triggers": ["status_changed"]}),
    "both, and empty": envelope(data={"previous": {}, "triggers": []}),
    "opened with an empty contract": envelope({"contract": ""}, {"triggers": ["opened"]}),
    "triggers null": envelope(data={"triggers": None}),
    "no such trigger": triggers("reopened"),
    "type and triggers": declared("status_changed", triggers=["status_changed"]),
    "type and previous": declared("status_changed", previous={}),
    "closed, but not": triggers("closed"),
    "closed, but null": triggers("status_changed", "closed", closed_for_customer=None),
    "resolved, but not": triggers("resolved"),
    "opened without description": triggers("opened", external_description=" \n"),
    "opened with what can't be seen": triggers("opened", external_description="\u200b \ufeff\u00a0"),
    "opened without contract": triggers("opened", contract=None),
    "closed by type, but not": declared("closed"),
    "resolved by type, but not": declared("resolved"),
    "opened by type without description": declared("opened", {"external_description": None}),
    "opened by type without contract": declared("opened", {"contract": None}),
    "no such type": declared("deleted", previous=None),
    "version": envelope(data=CREATED, specversion="0.3"),
    "id of the event": envelope(data=CREATED, id=""),
    "source": envelope(data=CREATED, source="x" * 257),
    "control character": envelope({"id": "a\nb"}, CREATED),
    "line break at the end": envelope({"id": "a\n"}, CREATED),
    "id too long": envelope({"id": "\N{BELL}" * 257}, CREATED),
    "number as id": envelope({"id": 42}, CREATED),
    "text as mark": envelope({"resolution_marked": "yes"}, CREATED),
    "number as mark": envelope({"resolution_marked": 1}, CREATED),
    "mark in previous": envelope(data={"previous": {"resolution_marked": "yes"}}),
    "previous is no object": envelope(data={"previous": "new"}),
    "origin": envelope(data={**CREATED, "origin": "robot"}),
    "notify": envelope(data={**CREATED, "notify": "external"}),
    "actor": envelope(data={**CREATED, "actor": {"kind": "robot"}}),
    "custom": envelope({"custom": []}, CREATED),
    "media type": envelope(data=CREATED, datacontenttype="text/xml"),
    "time as number": envelope(data=CREATED, time=1772442900),
    **{f"no {name}": lacking(name) for name in ("specversion", "id", "source", "type", "data")},
    **{f"no ticket.{name}": lacking("data", "ticket", name) for name in SCHEMA["$defs"]["Ticket"]["required"]},
    "no ticket": lacking("data", "ticket"),
}

GAPS: dict[str, Any] = {
    # `format` is a remark for most validators, and none of them knows the years of a calendar.
    "time without offset": envelope(data=CREATED, time="2026-03-02T09:15:00"),
    "leap second": envelope(data=CREATED, time="2026-06-30T23:59:60Z"),
    "before the year 1 in UTC": envelope(data=CREATED, time="0001-01-01T00:00:00+14:00"),
    # HTML without text is no description, and a schema can't read HTML.
    "opened with HTML without text": triggers("opened", external_description="<p><br></p>"),
    # What JSON calls a number is not bounded in free values, nor is their depth.
    "integer of more than 64 bits": envelope({"custom": {"severity": 2**64}}, CREATED),
    "deep": envelope({"custom": {"deep": json.loads("[" * 20 + "]" * 20)}}, CREATED),
}
"""What the reader refuses and the schema can't: the reader decides. Beside these, what is no JSON or too large."""


def reader_accepts(wire: Any) -> bool:
    try:
        read_event(json.dumps(wire).encode(), NOW)
    except RefusedError:
        return False
    return True


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("wire", GOOD.values(), ids=GOOD)
def test_both_accept(wire: Any) -> None:
    assert [error.message for error in VALIDATOR.iter_errors(wire)] == []
    assert reader_accepts(wire)


@pytest.mark.parametrize("wire", BAD.values(), ids=BAD)
def test_both_refuse(wire: Any) -> None:
    assert not VALIDATOR.is_valid(wire)
    assert not reader_accepts(wire)


@pytest.mark.parametrize("wire", GAPS.values(), ids=GAPS)
def test_where_the_reader_is_stricter(wire: Any) -> None:
    assert VALIDATOR.is_valid(wire)
    assert not reader_accepts(wire)
