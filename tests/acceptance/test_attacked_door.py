"""Rubbish, forgeries and replays at the door of a running `tocsin up --http`: each has its answer, and it goes on."""

from __future__ import annotations

import gzip
import json
import socket
from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import httpx
import pytest

from adapters.sqlite.event_log import SqliteLog
from schemas.topics import TICKETS
from tests.support.helpdesks import signing
from tests.support.helpdesks.up import UpDoor

SECRET: Final = "the-secret-of-{}"
JSON: Final = {"Content-Type": "application/json"}
OF_GENERIC: Final = JSON | {"Authorization": "Bearer the-secret-of-generic"}


class Door:
    """A service that was started once for all attacks. `taken` counts the events that it has answered for."""

    def __init__(self, up: UpDoor, client: httpx.Client) -> None:
        self.up, self.client = up, client
        self.taken = 0

    def post(self, hook: str, body: bytes, headers: Any) -> tuple[int, str | None]:
        """Status and code of the answer."""
        answer = self.client.post(f"/v1/hooks/{hook}", content=body, headers=headers)
        said = answer.json()
        self.taken += said.get("events", 0)
        return answer.status_code, said.get("code")

    def raw(self, request: bytes) -> bytes:
        """The first line of what is answered to these bytes."""
        host, _, port = self.up.address.partition(":")
        with socket.create_connection((host, int(port)), 20) as connection, suppress(ConnectionError):
            connection.sendall(request)
            return connection.recv(1_000).partition(b"\r\n")[0]
        return b""


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    up = UpDoor(tmp_path_factory.mktemp("attacked"), 1)
    with up.running() as client:
        door = Door(up, client)
        yield door
        # After all of it, it works, has said no secret, and has in its log what it answered for and nothing else.
        assert client.get("/livez").status_code == 200
        assert door.post("generic", b'{"id": "T-last", "status": "new"}', OF_GENERIC) == (202, None)
        assert not up.service.says("the-secret-of")
        assert not up.service.says('"level":"error"')
        with closing(SqliteLog(up.database)) as log:
            assert len(log.read(TICKETS, limit=10_000)) == door.taken


BODIES: Final[dict[str, tuple[bytes, int, str | None]]] = {
    "lists without end": (b"[" * 100_000, 400, "too_deep"),
    "objects without end": (b'{"a":' * 5_000, 400, "too_deep"),
    "deep": (b'{"a":' * 70 + b"1" + b"}" * 70, 400, "too_deep"),
    "a key twice": (b'{"id": "T-1", "id": "T-2", "status": "new"}', 202, None),
    "NaN": (b'{"id": NaN}', 400, "not_json"),
    "Infinity": (b'{"id": -Infinity}', 400, "not_json"),
    "a number beyond all": (b'{"id": 1e999}', 400, "invalid_field"),
    "an integer of 4,000 digits": (b'{"id": %s}' % (b"9" * 4_000), 400, "malformed_payload"),
    "half of a character": (b'{"id": "T-\\ud800 "}', 400, "not_json"),
    "a zero byte in an id": (b'{"id": "T-\\u0000"}', 400, "malformed_payload"),
    "a zero byte in a title": (b'{"id": "T-0", "title": "a\\u0000b", "status": "new"}', 202, None),
    "letters from right to left": ('{"id": "\u202e1"}'.encode(), 400, "malformed_payload"),
    "no ticket": (b"[]", 400, "malformed_payload"),
    "a word": (b'"T-1"', 400, "malformed_payload"),
    "a million bytes": (json.dumps({"id": "T-M", "title": "x" * 1_000_000}).encode(), 202, None),
    "more than a mebibyte": (b" " * 1_048_577, 413, "too_large"),
    "30,000 values": (json.dumps({"id": "T-V", "x": [1] * 30_000}).encode(), 413, "too_large"),
    "brackets of HTML": (json.dumps({"id": "T-H", "description_html": "<b>" * 300_000}).encode(), 202, None),
    "comments of HTML": (json.dumps({"id": "T-C", "description_html": "<!--" * 100_000}).encode(), 202, None),
    "the last year": (b'{"id": "T-Y", "time": "9999-12-31T23:59:59-23:59"}', 400, "malformed_payload"),
    "a clock that is far ahead": (b'{"id": "T-A", "time": "2199-01-01T00:00:00Z", "status": "new"}', 202, None),
    "1,000 triggers": (json.dumps({"id": "T-T", "triggers": ["opened"] * 1_000}).encode(), 400, "malformed_payload"),
}


@pytest.mark.parametrize(("body", "status", "code"), BODIES.values(), ids=BODIES)
def test_each_body_is_taken_or_refused_by_its_fault(door: Door, body: bytes, status: int, code: str | None) -> None:
    assert door.post("generic", body, OF_GENERIC) == (status, code)


def test_what_is_compressed_is_never_unpacked(door: Door) -> None:
    bomb = gzip.compress(b'{"id": "T-G"}' + b" " * 100_000_000)
    assert door.post("generic", bomb, OF_GENERIC | {"Content-Encoding": "gzip"}) == (415, "unsupported_media_type")


def test_chunks_without_end_are_cut_off(door: Door) -> None:
    head = b"POST /v1/hooks/generic HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunks = (b"10000\r\n" + b"x" * 65_536 + b"\r\n") * 20
    assert door.raw(head + chunks).startswith(b"HTTP/1.1 413")


@pytest.mark.parametrize(
    "name",
    ["..", "../events", "%2e%2e%2fevents", "generic%00", "generic%2f", "GENERIC", "generic.yaml", "%ff", "x" * 4_000],
)
def test_a_name_leads_to_its_own_mapping_or_nowhere(door: Door, name: str) -> None:
    line = door.raw(f"POST /v1/hooks/{name} HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{{}}".encode())
    assert line == b"HTTP/1.1 404 Not Found"


BODY: Final = json.dumps({"ticket": {"number": "9", "state": "new"}}).encode()
SHA1: Final = signing.zammad(SECRET.format("zammad"), BODY, datetime.now(UTC))["X-Hub-Signature"]

FORGED: Final = {
    "no header": {},
    "two headers": [("X-Hub-Signature", SHA1), ("X-Hub-Signature", "sha1=00")],
    "two headers, the right one last": [("X-Hub-Signature", "sha1=00"), ("X-Hub-Signature", SHA1)],
    "another algorithm": {"X-Hub-Signature": SHA1.replace("sha1", "md5")},
    "none": {"X-Hub-Signature": "sha1="},
    "nothing at all": {"X-Hub-Signature": ""},
    "cut off": {"X-Hub-Signature": SHA1[:-2]},
    "longer": {"X-Hub-Signature": SHA1 + "00"},
    "of an empty secret": dict(signing.zammad("", BODY, datetime.now(UTC))),
    "of another hook": dict(signing.zammad(SECRET.format("jira"), BODY, datetime.now(UTC))),
    "the secret itself": {"X-Hub-Signature": SECRET.format("zammad")},
    "a token": {"Authorization": f"Bearer {SECRET.format('zammad')}"},
    "the token of the API": {"Authorization": "Bearer a-token-of-the-tests"},
}


@pytest.mark.parametrize("headers", FORGED.values(), ids=FORGED)
def test_a_forged_signature_is_refused(door: Door, headers: Any) -> None:
    status, code = door.post("zammad", BODY, headers)
    assert status == 403
    assert code in {"no_signature", "wrong_signature"}


@pytest.mark.parametrize(
    ("hook", "sign", "age", "code"),
    [
        ("zendesk", signing.zendesk, timedelta(minutes=6), "too_old"),
        ("zendesk", signing.zendesk, timedelta(minutes=-6), "ahead"),
        ("glpi", signing.glpi, timedelta(days=4), "too_old"),
        ("glpi", signing.glpi, timedelta(minutes=-6), "ahead"),
    ],
)
def test_a_post_that_was_kept_and_is_sent_later_is_refused(
    door: Door, hook: str, sign: signing.Sign, age: timedelta, code: str
) -> None:
    signed = dict(sign(SECRET.format(hook), BODY, datetime.now(UTC) - age))
    assert door.post(hook, BODY, signed) == (403, code)
    time = next(name for name in signed if "time" in name.lower())
    fresh = sign(SECRET.format(hook), BODY, datetime.now(UTC))[time]
    assert door.post(hook, BODY, signed | {time: fresh}) == (403, "wrong_signature")
    assert door.post(hook, BODY, signed | {time: "yesterday"}) == (403, "wrong_signature")


def test_the_same_post_again_within_its_time_is_taken_once(door: Door) -> None:
    for events in (1, 0, 0):
        before = door.taken
        assert door.post("zammad", BODY, {"X-Hub-Signature": SHA1}) == (202, None)
        assert door.taken - before == events


def test_forgeries_are_one_line_each_in_the_log(door: Door) -> None:
    for _ in range(50):
        door.post("osticket", BODY, {"Authorization": "Bearer of-somebody-else"})
    said = [line for line in door.up.service.said().splitlines() if '"hook_doubted"' in line and "osticket" in line]
    assert len(said) == 1
