"""Who would be told, asked over real HTTP before a ticket is saved: of an event, or of a hook's payload."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from functools import cache
from typing import Any

import httpx
import pytest

from adapters.contract_lookup import DirectoryContracts
from adapters.web.application import application
from adapters.web.asking import Desk
from adapters.web.preview import preview
from adapters.web.serving import serving
from adapters.web.tokens import ApiToken, Tokens
from engine.directory.directory import Directory
from intake.acceptance import Acceptance
from intake.cloudevents.reading import BATCH, EVENT
from intake.states.judgement import TicketKey
from intake.states.ticket_state import TicketState
from schemas.token_file import ApiScope
from tests.support.engine_on_fakes import Still
from tests.support.helpdesk.events import NOW, Helpdesk, default_rules, envelope
from tests.support.intake.in_memory_sink import InMemoryEventSink
from tests.support.intake.in_memory_states import InMemoryTicketStates
from tocsin.config.wiring.http import HookSettings, HttpSettings, TokenSettings
from tocsin.services.intake.hook_previews import Foresight
from tocsin.services.intake.hooks import ServiceHooks
from tocsin.services.intake.previewing import Deciding, Previews

ALL = {"Authorization": "Bearer a-token-for-everything"}
SOME = {"Authorization": "Bearer a-token-for-decisions"}
JSON = ALL | {"Content-Type": "application/json"}
TOKENS = [
    ApiToken.of("a-token-for-everything"),
    ApiToken.of("a-token-for-decisions", frozenset({ApiScope.DECISIONS_READ}), "decisions"),
]
PATH = "/v1/decisions:preview"
SETTINGS = HttpSettings(("127.0.0.1", 0), TokenSettings(None, None, 1.0), HookSettings(None, {}, ()))
POSTED = {"id": "T-1", "contract": "C-7", "title": "Printer", "description": "It does not print", "status": "new"}


@cache
def shipped_hooks() -> ServiceHooks:
    """To check all shipped mappings takes a while."""
    return ServiceHooks(SETTINGS)


class Around:
    """A directory, a hook's mappings and states, all in memory."""

    def __init__(self) -> None:
        desk = Helpdesk()
        desk.contact("ct-1", "contract/C-7", name="Zoé Martin")
        self.records = desk.directory()
        self.states, self.sink = InMemoryTicketStates(), InMemoryEventSink()
        self.hooks, self.previews = shipped_hooks(), Previews(Still(NOW))

    def current(self) -> Directory:
        return self.records

    def open(self) -> None:
        self.previews.open(Deciding(self, default_rules))
        acceptance = Acceptance(self.states, self.sink, Still(NOW))
        self.hooks.open(acceptance, DirectoryContracts(self.current))


@pytest.fixture
def around() -> Around:
    return Around()


@pytest.fixture
def client(around: Around) -> Iterator[httpx.Client]:
    foresight = Foresight(around.previews, around.hooks, around.states.state)
    with (
        closing(Desk()) as desk,
        serving(application([preview(foresight, Still(NOW), desk)], Tokens(TOKENS)), "127.0.0.1", 0) as port,
        httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=ALL) as client,
    ):
        around.open()
        yield client


def told(answer: httpx.Response) -> list[tuple[str, str]]:
    assert answer.status_code == 200, answer.text
    return [(one["person"]["id"], one["trigger"]) for one in answer.json()["told"]]


def test_an_event_as_it_would_be_posted(client: httpx.Client, around: Around) -> None:
    answer = client.post(PATH, json=envelope(data={"previous": None}), headers={"Content-Type": EVENT})
    assert told(answer) == [("ct-1", "opened")]
    said = answer.json()
    assert (said["ticket"], said["source"], said["contract"]) == ("T-1042", "/helpdesk", "C-7")
    assert said["told"][0]["subject"] == "[Opened] 2026-1042: Invoices do not print"
    assert (around.sink.records, around.states.states, around.states.deliveries) == ([], {}, {})


def test_who_may_not_see_people_sees_ids_alone(client: httpx.Client) -> None:
    body = envelope(data={"previous": None})
    hidden, shown = client.post(PATH, json=body, headers=SOME), client.post(PATH, json=body)
    assert told(hidden) == told(shown)
    for text in ("ct-1@acme.example", "Zoé", "Invoices"):
        assert (text in hidden.text, text in shown.text) == (False, True)


@pytest.mark.parametrize("ticket", [{"id": None}, {"id": ""}, {}], ids=["null", "empty", "missing"])
def test_a_ticket_that_is_not_saved_yet_needs_no_id_and_its_event_no_attributes(
    client: httpx.Client, ticket: dict[str, Any]
) -> None:
    whole = envelope()
    fields = {**{name: one for name, one in whole["data"]["ticket"].items() if name != "id"}, **ticket}
    for body in ({"ticket": fields}, {"data": {"ticket": fields}}, {**whole, "data": {"ticket": fields}}):
        answer = client.post(PATH, json=body)
        assert told(answer) == [("ct-1", "opened")]
        assert answer.json()["ticket"] is None


def test_what_stands_in_the_form_counts_and_what_it_lacks_is_named(client: httpx.Client) -> None:
    ticket = {**envelope()["data"]["ticket"], "id": None, "contract": None}
    answer = client.post(PATH, json={"ticket": ticket})
    assert [one["reason"] for one in answer.json()["not_told"]] == ["no_trigger"]
    del ticket["status"]
    answer = client.post(PATH, json={"ticket": ticket})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "data.ticket.status")
    # A ticket that is saved has a state before this save, which the form has to say.
    answer = client.post(PATH, json={"ticket": envelope()["data"]["ticket"]})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "data.previous")


def test_binary_content_mode_is_read_by_its_headers(client: httpx.Client) -> None:
    whole = envelope(data={"previous": None})
    attributes = {f"ce-{name}": value for name, value in whole.items() if isinstance(value, str)}
    assert told(client.post(PATH, json=whole["data"], headers=attributes)) == [("ct-1", "opened")]


def test_a_payload_is_read_by_the_mapping_of_its_hook_and_judged_by_what_was_before(
    client: httpx.Client, around: Around
) -> None:
    def asked(**says: Any) -> httpx.Response:
        return client.post(PATH, params={"hook": "generic"}, json=POSTED | says)

    assert told(asked(moment="created")) == [("ct-1", "opened")]
    # First sight of a ticket that is no creation alerts nobody.
    assert told(asked()) == []
    before = {"id": "T-1", "contract": "C-7", "external_description": "x", "status": "waiting", "title": "Printer"}
    source = asked().json()["source"]
    state = TicketState(saved=NOW - timedelta(hours=1), since_creation=True, ticket=before)
    around.states.states[TicketKey(source, "T-1")] = (state, NOW)
    assert told(asked()) == [("ct-1", "status_changed")]
    assert told(asked(status="waiting")) == []
    # A ticket that is not saved yet is created, whatever the payload says of that.
    unsaved = asked(id=None, moment="updated")
    assert told(unsaved) == [("ct-1", "opened")]
    assert unsaved.json()["ticket"] is None
    assert around.states.states == {TicketKey(source, "T-1"): (state, NOW)}
    assert (around.states.deliveries, around.sink.records) == ({}, [])


def test_what_the_mapping_could_not_tell_is_said(client: httpx.Client) -> None:
    posted = POSTED | {"contract": None, "customer": "nobody-knows", "moment": "created"}
    answer = client.post(PATH, params={"hook": "generic"}, json=posted)
    assert [one["field"] for one in answer.json()["could_not_tell"]] == ["ticket.contract"]


@pytest.mark.parametrize(
    ("asked", "headers", "body", "expected", "code"),
    [
        ({"hook": "no-such"}, JSON, b"{}", 404, "unknown_hook"),
        ({"hook": "../../etc/passwd"}, JSON, b"{}", 404, "unknown_hook"),
        ({"hook": "generic"}, JSON, b"{", 400, "not_json"),
        ({"hook": "generic"}, JSON, b'{"id": {}}', 400, "malformed_payload"),
        ({"hok": "generic"}, JSON, b"{}", 400, "invalid_field"),
        ({}, JSON, b"", 400, "not_json"),
        ({}, JSON, b"[]", 400, "invalid_field"),
        ({}, JSON, b'{"data": []}', 400, "invalid_field"),
        ({}, JSON, b'{"ticket": 7}', 400, "invalid_field"),
        ({}, JSON, b'{"ticket": {"id": null, "title": "\\ud800"}}', 400, None),
        ({}, JSON, b"[" * 100_000, 400, None),
        ({}, JSON, b'{"ticket": ' + b'{"a":' * 5_000 + b"1" + b"}" * 5_001, 400, None),
        ({}, JSON, b'{"ticket": {"id": ' + b"9" * 5_000 + b"}}", 400, None),
        ({}, JSON, b"\xff\xfe{}", 400, "not_utf8"),
        ({}, JSON, b" " * 1_100_000, 413, "too_large"),
        ({}, ALL | {"Content-Type": BATCH}, b"[]", 415, "unsupported_media_type"),
        ({}, ALL | {"Content-Type": "text/xml"}, b"<a/>", 415, "unsupported_media_type"),
        ({}, {"Authorization": ""}, b"{}", 401, "no_valid_token"),
    ],
)
def test_what_can_not_be_read_is_refused(
    client: httpx.Client, asked: dict[str, str], headers: dict[str, str], body: bytes, expected: int, code: str | None
) -> None:
    answer = client.post(PATH, params=asked, headers=headers, content=body)
    assert (answer.status_code, answer.headers["content-type"]) == (expected, "application/problem+json")
    assert code in (None, answer.json()["code"])


def test_a_client_may_escape_more_of_the_path_than_it_has_to(client: httpx.Client) -> None:
    body = envelope(data={"previous": None})
    for path in ("/v1/decisions%3Apreview", "/v1/decisions%3apr%65view"):
        assert told(client.post(path, json=body)) == [("ct-1", "opened")]
    # But for a slash, which would be another path.
    assert client.post("/v1%2Fdecisions:preview", json=body).status_code == 404


def test_a_compressed_body_is_not_read(client: httpx.Client) -> None:
    packed = gzip.compress(json.dumps(envelope(data={"previous": None})).encode())
    answer = client.post(PATH, content=packed, headers=JSON | {"Content-Encoding": "gzip"})
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")


def test_until_the_directory_was_read_the_answer_is_to_come_again() -> None:
    around = Around()
    around.hooks = ServiceHooks(SETTINGS)
    foresight = Foresight(around.previews, around.hooks, around.states.state)
    part = preview(foresight, Still(NOW), Desk())
    with serving(application([part], Tokens(TOKENS)), "127.0.0.1", 0) as port:
        for asked, body in (({}, envelope(data={"previous": None})), ({"hook": "generic"}, POSTED)):
            answer = httpx.post(f"http://127.0.0.1:{port}{PATH}", params=asked, headers=JSON, content=json.dumps(body))
            assert (answer.status_code, answer.json()["code"]) == (503, "starting")
