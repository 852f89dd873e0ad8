"""What names a person is found however it is spelled, and what only looks like it is left."""

from __future__ import annotations

import base64
import json
import unicodedata

import msgspec
import pytest

from schemas.decision import DecidedJob, DecisionRecord
from schemas.event import read_event
from schemas.job import JOB_DECODER, PersonRef
from schemas.vocabulary import Category, Channel, PersonKind, Trigger
from sender.privacy.forgetting import Forgetting
from sender.privacy.naming import FORGOTTEN, Naming
from tests.support.helpdesk.files import created
from tests.support.sender.fakes import START, a_job

ZOE = PersonRef(PersonKind.CONTACT, "ct-1")
NAME = "Zo\u00e9 Martin"
NAMING = Naming(ZOE, ["zoe@acme.example", "li@b\u00fccher.example", "zed"], [NAME])
NFD = unicodedata.normalize("NFD", NAME)
IN_BASE64 = base64.b64encode(json.dumps({"t": "zoe@acme.example"}).encode()).decode()


@pytest.mark.parametrize(
    "before",
    [
        json.dumps({"t": f"call {NFD}."}),
        json.dumps({"t": "call Zo\u00c9\u00a0MARTIN"}, ensure_ascii=False),
        json.dumps({"t": "call Zo\u00e9\n Martin"}),
        json.dumps({"custom": {"zoe@acme.example": 1, "customer": NAME}}),
        json.dumps({"data_base64": IN_BASE64}),
        json.dumps({"t": "ask contact/ct-1, please"}),
        json.dumps({"t": json.dumps({"kind": "contact", "email": None, "id": "ct-1"})}),
        json.dumps({"t": "write to li@xn--bcher-kva.example"}),
        '{"actor": {"kind": "contact", "email": null, "id": "ct-1"}',
        '{"actor": {"id":"ct-1","kind":"contact"',
        "{ contact/ct-1",
        f"{{ {NFD}",
        "{ ZO\u00c9 MARTIN",
        '{"t": "Zo\\u00C9 Martin"',
        "{ zoe\\u0040acme.example",
    ],
)
def test_each_spelling_is_found(before: str) -> None:
    after = NAMING.out_of_value(before.encode())
    assert FORGOTTEN in after.decode() or base64.b64encode(b'{"t":"(forgotten)"}') in after
    assert not any(word in after.lower() for word in (b"ct-1", b"martin", b"acme", b"bcher"))
    assert NAMING.out_of_value(after) == after


def test_bytes_of_windows_are_searched_too() -> None:
    assert NAMING.out_of_value("{ Zo\u00c9 Martin".encode("cp1252")) == b"{ (forgotten)"


@pytest.mark.parametrize(
    "value",
    [
        {"t": "contact/ct-12 or contact/ct-1/a or collaborator/ct-1"},
        {"actor": {"kind": "collaborator", "id": "ct-1"}},
        {"t": "Zo\u00e9 Martine\u0301, zed, zoe@acme.example.org"},
        {"data_base64": "no base64"},
    ],
)
def test_others_are_left(value: dict[str, object]) -> None:
    raw = json.dumps(value).encode()
    assert NAMING.out_of_value(raw) == raw
    cut = raw[:-1]
    assert NAMING.out_of_value(cut) == cut


@pytest.mark.parametrize("name", ["Contact", "opened", "C-7", "email", "Title"])
def test_a_name_that_is_a_word_of_the_schema_breaks_no_record(name: str) -> None:
    forgetting = Forgetting(ZOE, [name], [name])
    job = a_job(person=PersonRef(PersonKind.CONTACT, "ct-2"))
    assert JOB_DECODER.decode(forgetting.context(msgspec.json.encode(job))).id == job.id
    decided = DecidedJob("j", ZOE, Channel.EMAIL, Trigger.OPENED, [Category.SITE_CONTACTS], [name])
    decision = DecisionRecord("e", "s", "T-1", "C-7", [Trigger.OPENED], [decided], [], START, "r")
    after = msgspec.json.decode(forgetting.value(msgspec.json.encode(decision)), type=DecisionRecord)
    assert (after.contract, after.jobs[0].channel, after.jobs[0].person.id) == ("C-7", Channel.EMAIL, FORGOTTEN)
    raw = json.dumps(created(1, external_description=f"Ask {name}!")).encode()
    event = read_event(forgetting.value(raw), START)
    assert event.ticket.external_description == f"Ask {FORGOTTEN}!" if len(name) > 3 else f"Ask {name}!"
    assert event.ticket.contract == read_event(raw, START).ticket.contract
