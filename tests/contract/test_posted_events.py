"""Events that are posted: over real HTTP into the log of embedded mode, all of a request or none."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from adapters.sqlite.event_log import SqliteLog
from adapters.sqlite.event_sink import SqliteEventSink
from adapters.web.application import application
from adapters.web.intake import intake
from adapters.web.openapi import openapi
from adapters.web.serving import serving
from adapters.web.tokens import ApiToken, Tokens
from adapters.web.workers import Workers
from intake.acceptance import EventAcceptance
from intake.cloudevents.reading import BATCH, EVENT
from intake.ports import EventSink, LogAwayError, LogUnavailableError
from schemas.topics import TICKETS
from tests.support.helpdesk.files import created
from tests.support.intake.in_memory_sink import InMemoryEventSink
from tests.support.sender.fakes import FakeClock

NOW = datetime.now(UTC)
TOKEN = {"Authorization": "Bearer a-token-of-the-tests"}
SENT = {**TOKEN, "Content-Type": EVENT}
PROBLEM = "application/problem+json"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "tocsin.db"


@pytest.fixture
def sink() -> InMemoryEventSink:
    return InMemoryEventSink()


@pytest.fixture
def client(sink: InMemoryEventSink) -> Iterator[httpx.Client]:
    yield from posting(sink)


def posting(sink: EventSink) -> Iterator[httpx.Client]:
    api = [intake(EventAcceptance(sink, FakeClock(NOW)).take, Workers())]
    served = application([*api, openapi(api, "1.2.3")], Tokens([ApiToken.of("a-token-of-the-tests")]))
    with serving(served, "127.0.0.1", 0) as port, httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
        yield client


def event(number: int = 1) -> dict[str, Any]:
    return created(number)


def test_what_is_answered_202_is_in_the_log_and_is_read_as_it_was_posted(file: Path) -> None:
    posted = event()
    with closing(SqliteEventSink(file, FakeClock(NOW))) as sink:
        for client in posting(sink):
            answer = client.post("/v1/events", headers=SENT, json=posted)
            assert (answer.status_code, answer.json()) == (202, {"events": 1})
            batched = TOKEN | {"Content-Type": BATCH}
            batch = client.post("/v1/events", headers=batched, json=[event(2), event(3)])
            assert (batch.status_code, batch.json()) == (202, {"events": 2})
    with closing(SqliteLog(file)) as log:
        records = log.read(TICKETS, 0, 10)
    assert [record.key for record in records] == [b"T-1", b"T-2", b"T-3"]
    assert json.loads(records[0].value or b"") == posted


def test_binary_content_mode_is_read_by_its_headers(client: httpx.Client, sink: InMemoryEventSink) -> None:
    whole = event()
    attributes = {f"ce-{name}": value for name, value in whole.items() if isinstance(value, str) and name != "subject"}
    headers = TOKEN | attributes | {"Content-Type": "application/json"}
    assert client.post("/v1/events", headers=headers, json=whole["data"]).status_code == 202
    assert [record.key for record in sink.records] == [b"T-1"]


def test_of_a_batch_with_one_fault_nothing_is_taken_and_the_fault_is_named(
    client: httpx.Client, sink: InMemoryEventSink
) -> None:
    faulty = event(2)
    faulty["data"]["ticket"]["id"] = 7
    answer = client.post("/v1/events", headers=TOKEN | {"Content-Type": BATCH}, json=[event(), faulty])
    said = answer.json()
    assert (answer.status_code, answer.headers["content-type"]) == (400, PROBLEM)
    assert (said["title"], said["status"], said["code"]) == ("Bad Request", 400, "invalid_field")
    assert [one["field"] for one in said["errors"]] == ["[1].data.ticket.id"]
    assert sink.records == []


def test_where_a_few_words_may_stand_they_are_told_as_a_list(client: httpx.Client) -> None:
    faulty = event()
    faulty["data"]["origin"] = "robot"
    [said] = client.post("/v1/events", headers=SENT, json=faulty).json()["errors"]
    assert (said["field"], said["value"]) == ("data.origin", '"robot"')
    assert said["allowed"] == ["user", "automation", "import", "merge", "test", "auto_reply"]
    faulty["data"]["origin"] = "user"
    faulty["data"]["ticket"]["title"] = 7
    [said] = client.post("/v1/events", headers=SENT, json=faulty).json()["errors"]
    assert "allowed" not in said  # a text may be any


@pytest.mark.parametrize(
    ("headers", "body", "expected", "code"),
    [
        ({}, b"{}", 401, "no_valid_token"),
        (SENT, b"rubbish", 400, "not_json"),
        (TOKEN | {"Content-Type": "text/xml"}, b"<a/>", 415, "unsupported_media_type"),
        (TOKEN | {"Content-Type": "application/cloudevents+avro"}, b"a", 415, "unsupported_media_type"),
        (SENT, b" " * 1_100_000 + b"{}", 413, "too_large"),
        (SENT, b"x" * 4_200_000, 413, "too_large"),
    ],
    ids=["nobody", "rubbish", "xml", "avro", "too large for an event", "too large for anything"],
)
def test_what_can_not_be_taken_is_told_as_a_problem(
    client: httpx.Client, sink: InMemoryEventSink, headers: dict[str, str], body: bytes, expected: int, code: str
) -> None:
    answer = client.post("/v1/events", headers=headers, content=body)
    assert (answer.status_code, answer.headers["content-type"], answer.json()["code"]) == (expected, PROBLEM, code)
    assert sink.records == []


@pytest.mark.parametrize(
    ("why", "after"),
    [(LogAwayError("locked", "/var/lib/x is locked"), "5"), (LogUnavailableError("read_only", "/var/lib/x"), "60")],
)
def test_where_the_log_is_away_it_is_said_when_to_come_again_and_not_where_it_is(
    client: httpx.Client, sink: InMemoryEventSink, why: LogUnavailableError, after: str
) -> None:
    sink.why = why
    answer = client.post("/v1/events", headers=SENT, json=event())
    assert (answer.status_code, answer.headers["retry-after"], answer.json()["code"]) == (503, after, why.code)
    assert "/var/lib" not in answer.text
    sink.why = None
    assert client.post("/v1/events", headers=SENT, json=event()).status_code == 202


def test_a_platform_that_asks_whether_it_may_deliver_is_told_so(client: httpx.Client) -> None:
    answer = client.options("/v1/events", headers={"WebHook-Request-Origin": "desk.example"})
    assert (answer.status_code, answer.headers["WebHook-Allowed-Origin"]) == (200, "*")
    # Who does not ask is told the methods alone.
    answer = client.options("/v1/events")
    assert (answer.headers["Allow"], "WebHook-Allowed-Origin" in answer.headers) == ("POST, OPTIONS", False)


def test_below_the_api_everything_that_is_wrong_is_a_problem(client: httpx.Client) -> None:
    for method, path, expected in (("GET", "/v1/nowhere", 404), ("PUT", "/v1/events", 405)):
        answer = client.request(method, path)
        assert (answer.status_code, answer.headers["content-type"]) == (expected, PROBLEM)
        assert answer.json()["status"] == expected
    assert client.put("/v1/events").headers["Allow"] == "POST, OPTIONS"
    assert client.get("/nowhere").headers["content-type"].startswith("text/plain")


def test_the_openapi_document_is_whole(client: httpx.Client) -> None:
    document = client.get("/openapi.json").json()
    assert (document["openapi"], document["info"]["version"]) == ("3.1.0", "1.2.3")
    assert [*document["paths"]] == ["/v1/events"]
    post = document["paths"]["/v1/events"]["post"]
    assert {*post["requestBody"]["content"]} == {EVENT, BATCH, "application/json"}
    assert {*post["responses"]} == {"202", "400", "401", "403", "413", "415", "429", "503"}
    names = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
    referred = set(_references(document))
    assert referred <= names
    assert {f"#/components/schemas/{name}" for name in ("TicketCloudEvent", "JobPost", "TicketPost")} <= referred
    assert document["webhooks"]["outcomes"]["post"]["security"] == []


def _references(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        part = [*part.values()]
    if isinstance(part, list):
        for one in part:
            yield from _references(one)
