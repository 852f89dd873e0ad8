"""Webhooks that are posted over real HTTP: what is answered, and what a helpdesk is told beforehand."""

from __future__ import annotations

import gzip
import hashlib
import hmac
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from ipaddress import ip_network
from typing import Any

import httpx
import pytest

from adapters.web.application import application
from adapters.web.hooks import hooks
from adapters.web.serving import serving
from adapters.web.workers import Workers
from intake.acceptance import Accepted, Refused, Repeated, Unavailable
from intake.hooks import Crowded, Doubted, HookAnswer, Kept, UnknownHook, Unsecured
from intake.mappings.payload import MAX_POST_BYTES
from intake.observation import Ignored
from intake.post import Post
from intake.signatures.challenge import answer as challenge_answer
from intake.signatures.verifying import Doubt
from schemas.refusal import Refusal, RefusedError
from schemas.signature import Scheme, Signature
from tests.support.engine_on_fakes import Still

NOW = datetime(2026, 3, 2, 9, 15, tzinfo=UTC)
SECRET = "the-secret-of-this-helpdesk"
ERROR = RefusedError("malformed_payload", Refusal("ticket.id", "the post does not say which ticket it is about"))
LOOPBACK = (ip_network("127.0.0.0/8"),)


class Desk:
    """Answers posts as it is told, and keeps them."""

    def __init__(self, answer: HookAnswer | None = None) -> None:
        self.answer = answer or Accepted()
        self.taken: list[tuple[str, Post]] = []

    def take(self, name: str, post: Post) -> HookAnswer:
        self.taken.append((name, post))
        return self.answer

    def challenge(self, name: str, query: Any) -> str | None:
        return challenge_answer(Signature(Scheme.GLPI), [SECRET], query) if name == "glpi" else None


@contextmanager
def served(desk: Desk, proxies: Any = LOOPBACK) -> Iterator[httpx.Client]:
    part = hooks(desk.take, desk.challenge, Still(NOW), proxies, Workers())
    with (
        serving(application([part]), "127.0.0.1", 0) as port,
        httpx.Client(base_url=f"http://127.0.0.1:{port}") as client,
    ):
        yield client


def test_a_post_comes_as_it_was_sent() -> None:
    desk = Desk()
    sent = [("X-Hub-Signature", "sha1=0"), ("X-Twice", "one"), ("X-Twice", "two"), ("X-Letters", "é".encode())]
    with served(desk) as client:
        assert client.post("/v1/hooks/zammad", content=b' {"a": 1} ', headers=sent).json() == {"events": 1}  # type: ignore[arg-type]
    [(name, post)] = desk.taken
    assert (name, post.body, post.received, post.through_proxy) == ("zammad", b' {"a": 1} ', NOW, True)
    assert post.headers["x-hub-signature"] == "sha1=0"
    assert post.headers["x-twice"] == "one, two"
    assert post.headers["x-letters"].encode("latin-1") == "é".encode()


def test_whoever_is_no_server_in_front_can_not_pass_for_one() -> None:
    desk = Desk()
    with served(desk, (ip_network("10.0.0.0/8"),)) as client:
        client.post("/v1/hooks/zammad", content=b"{}", headers={"X-Forwarded-For": "10.0.0.1"})
    assert not desk.taken[0][1].through_proxy


ANSWERS: list[tuple[HookAnswer, int, str | None]] = [
    (Accepted(id="E-1"), 202, None),
    (Repeated("E-1"), 202, None),
    (Ignored("a test"), 202, None),
    (Kept(ERROR), 202, None),
    (Refused(ERROR), 400, "malformed_payload"),
    (Doubted(Doubt.WRONG_SIGNATURE), 403, "wrong_signature"),
    (Doubted(Doubt.TOO_OLD), 403, "too_old"),
    (UnknownHook(), 404, "unknown_hook"),
    (Crowded(2.1), 429, "too_many_requests"),
    (Unsecured("it needs a secret"), 503, "hook_unsecured"),
    (Unavailable("locked", "/a/path is locked", may_pass=True), 503, "locked"),
]


@pytest.mark.parametrize(
    ("answer", "status", "code"), ANSWERS, ids=[type(one[0]).__name__ + str(one[2]) for one in ANSWERS]
)
def test_what_is_answered(answer: HookAnswer, status: int, code: str | None) -> None:
    with served(Desk(answer)) as client:
        answered = client.post("/v1/hooks/zammad", content=b"{}")
    assert (answered.status_code, answered.json().get("code")) == (status, code)
    assert ("Retry-After" in answered.headers) == (status in {429, 503})
    # Neither where files lie nor what is to be set up is for those who post.
    assert "/a/path" not in answered.text
    assert "secret" not in answered.text


def test_a_body_that_is_too_large_reaches_nobody() -> None:
    desk = Desk()
    with served(desk) as client:
        answered = client.post("/v1/hooks/zammad", content=b" " * (MAX_POST_BYTES + 1))
    assert answered.status_code == 413
    assert desk.taken == []


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "identity, gzip", "x"])
def test_what_is_compressed_is_refused_unread(coding: str) -> None:
    desk = Desk()
    with served(desk) as client:
        headers = {"Content-Encoding": coding, "Content-Type": "application/json"}
        answered = client.post("/v1/hooks/zammad", content=gzip.compress(b" " * MAX_POST_BYTES), headers=headers)
        assert (answered.status_code, answered.headers["Accept-Encoding"]) == (415, "identity")
        assert answered.json()["code"] == "unsupported_media_type"
        assert desk.taken == []
        assert client.post("/v1/hooks/zammad", content=b"{}", headers={"Content-Encoding": "identity"}).is_success


def test_glpi_is_answered_before_it_posts() -> None:
    token = hmac.digest(SECRET.encode(), b"validate_cra_challenge", hashlib.sha256).hex()
    with served(Desk()) as client:
        answered = client.get("/v1/hooks/glpi", params={"crc_token": token})
        assert answered.text == hmac.digest(SECRET.encode(), token.encode(), hashlib.sha256).hex()
        assert client.get("/v1/hooks/glpi").status_code == 404
        assert client.get("/v1/hooks/zammad", params={"crc_token": token}).status_code == 404


@pytest.mark.parametrize("path", ["/v1/hooks/", "/v1/hooks/../events", "/v1/hooks/a/b", "/v1/hooks/%2e%2e%2fetc"])
def test_a_name_leads_to_no_other_place(path: str) -> None:
    desk = Desk(UnknownHook())
    with served(desk) as client:
        assert client.post(path, content=json.dumps({})).status_code in {404, 405}
