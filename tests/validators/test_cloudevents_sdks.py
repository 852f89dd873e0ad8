"""The official SDKs of CloudEvents post to the running server: an event in binary and structured mode, and a batch.

`make validators` installs those for JavaScript and Go; where they are not there, their tests are skipped.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest
from cloudevents.core.bindings.http import to_binary_event, to_structured_event
from cloudevents.core.v1.event import CloudEvent

from adapters.sqlite.event_log import SqliteLog
from adapters.sqlite.event_sink import SqliteEventSink
from adapters.web.application import application
from adapters.web.intake import intake
from adapters.web.serving import serving
from adapters.web.tokens import ApiToken, Tokens
from adapters.web.workers import Workers
from intake.acceptance import EventAcceptance
from intake.cloudevents.reading import BATCH
from schemas.event import Event, read_event
from schemas.topics import TICKETS
from tests.support.helpdesk.events import NOW, envelope
from tests.support.sender.fakes import FakeClock

HERE = Path(__file__).parent
INSTALLED = HERE.parents[1] / ".cache" / "validators"
COMMANDS = {
    "js": (INSTALLED / "node_modules" / "cloudevents", ["node", str(HERE / "cloudevents.mjs")]),
    "go": (INSTALLED / "cloudevents-go", [str(INSTALLED / "cloudevents-go")]),
}
TOKEN = "a-token-of-the-tests"
GIVEN = envelope({"title": "Invoices do not print, sagt Zoë"}, {"previous": None})


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    """Where events are posted into a log in a file."""
    with closing(SqliteEventSink(tmp_path / "tocsin.db", FakeClock(NOW))) as sink:
        part = intake(EventAcceptance(sink, FakeClock(NOW)).take, Workers())
        with serving(application([part], Tokens([ApiToken.of(TOKEN)])), "127.0.0.1", 0) as port:
            yield f"http://127.0.0.1:{port}/v1/events"


def events(folder: Path) -> list[Event]:
    """What an engine reads."""
    with closing(SqliteLog(folder / "tocsin.db")) as log:
        return [read_event(one.value or b"", NOW, dict(one.headers)) for one in log.read(TICKETS)]


def check(folder: Path, by: str) -> None:
    found = events(folder)
    assert [one.id for one in found] == [f"{by}-{name}" for name in ("binary", "structured", "batch-1", "batch-2")]
    assert {one.ticket.title for one in found} == {GIVEN["data"]["ticket"]["title"]}
    assert {(one.source, one.time, one.previous) for one in found} == {("/helpdesk", found[0].time, None)}


@pytest.mark.parametrize("by", COMMANDS)
def test_the_sdk_of_another_language_posts_in_every_mode(by: str, url: str, tmp_path: Path) -> None:
    installed, command = COMMANDS[by]
    if not installed.exists():
        pytest.skip(f"the SDK for {by} is not installed: make validators")
    environment = {**os.environ, "VALIDATORS": str(INSTALLED)}
    done = subprocess.run(
        [*command, url, TOKEN, json.dumps(GIVEN)], capture_output=True, env=environment, timeout=100, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    assert done.stdout.split() == [b"binary", b"202", b"structured", b"202", b"batch", b"202"]
    check(tmp_path, by)


def test_the_sdk_for_python_posts_in_every_mode(url: str, tmp_path: Path) -> None:
    attributes = {name: value for name, value in GIVEN.items() if name != "data"}
    attributes["time"] = NOW

    def made(name: str) -> CloudEvent:
        return CloudEvent({**attributes, "id": f"py-{name}"}, GIVEN["data"])

    binary, structured = to_binary_event(made("binary")), to_structured_event(made("structured"))
    # The SDK writes no batches; its messages are what a batch is a list of.
    several = b",".join(bytes(to_structured_event(made(name)).body) for name in ("batch-1", "batch-2"))
    posts = [
        (binary.headers, binary.body),
        (structured.headers, structured.body),
        ({"content-type": BATCH}, b"[" + several + b"]"),
    ]
    for headers, body in posts:
        answer = httpx.post(url, headers={**headers, "Authorization": f"Bearer {TOKEN}"}, content=body)
        assert answer.status_code == 202, answer.text
    check(tmp_path, "py")
