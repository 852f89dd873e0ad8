"""Who may ask what of the API: by the header Authorization alone, and before anything of a body is read."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from litestar import Router, get

from adapters.web.application import application
from adapters.web.limits import ServerLimits
from adapters.web.serving import serving
from adapters.web.tokens import NEEDS, ApiToken, Tokens
from schemas.token_file import ApiScope
from tests.support.http.clients import Clients, fields, status
from tocsin.config.settings.forms import TOKEN

PROBLEM = "application/problem+json"
WRITER = ApiToken.of("a-token-that-writes", frozenset({ApiScope.EVENTS_WRITE}), "writer")
FIRST = ApiToken.of("the-first-of-all-tokens")


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    @get("/v1/jobs", opt={NEEDS: ApiScope.JOBS_READ})
    async def jobs() -> str:
        return "ok\n"

    part = Router("/", route_handlers=[jobs])
    with serving(application([part], Tokens([WRITER, FIRST])), "127.0.0.1", 0, ServerLimits(lingering=0.1)) as port:
        yield port


def test_the_first_token_allows_everything_and_another_what_it_is_for() -> None:
    tokens = Tokens([WRITER, FIRST])
    assert tokens.find(b"the-first-of-all-tokens") == FIRST
    assert FIRST.scopes == frozenset(ApiScope)
    assert tokens.find(b"a-token-that-writes") == WRITER
    assert [tokens.find(one) for one in (b"", b"a-token-that-write", b"A-token-that-writes", b"\xff")] == [None] * 4


@pytest.mark.parametrize(
    ("given", "expected", "challenge"),
    [
        (b"", 401, 'Bearer realm="tocsin"'),
        (b"Authorization: Bearer no-token-of-theirs\r\n", 401, 'Bearer realm="tocsin", error="invalid_token"'),
        (b"Authorization: Basic the-first-of-all-tokens\r\n", 401, 'Bearer realm="tocsin", error="invalid_token"'),
        (b"Authorization: Bearer\r\n", 401, 'Bearer realm="tocsin", error="invalid_token"'),
        (b"Authorization: Bearer the-first-of-all-tokens\r\n" * 2, 401, 'Bearer realm="tocsin", error="invalid_token"'),
        (
            *(b"Authorization: Bearer a-token-that-writes\r\n", 403),
            'Bearer realm="tocsin", error="insufficient_scope", scope="jobs:read"',
        ),
        (b"Authorization: Bearer the-first-of-all-tokens\r\n", 200, None),
        (b"authorization: bearer the-first-of-all-tokens\r\n", 200, None),
    ],
)
def test_a_route_that_needs_a_scope_is_for_those_who_have_it(
    port: int, given: bytes, expected: int, challenge: str | None
) -> None:
    clients = Clients()
    answer = clients(port, b"GET /v1/jobs HTTP/1.1\r\nHost: a\r\n" + given + b"\r\n").answer()
    clients.close()
    assert (status(answer), fields(answer).get("www-authenticate")) == (expected, challenge)
    assert b"token-that" not in answer


class Seconds:
    """A monotonic clock that stands still."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def test_each_token_may_ask_at_its_own_rate_and_whoever_is_unknown_uses_up_nothing() -> None:
    seconds = Seconds()
    slow = ApiToken("slow", WRITER.sha256, WRITER.scopes, 1.0)
    tokens = Tokens([FIRST, slow], 2.0, seconds)
    assert [tokens.wait(slow) for _ in range(21)] == [0.0] * 20 + [1.0]
    assert [tokens.wait(FIRST) for _ in range(41)] == [0.0] * 40 + [0.5]
    seconds.now += 1
    assert [tokens.wait(slow), tokens.wait(slow)] == [0.0, 1.0]
    # A token that is named again in the file goes on where it was.
    tokens.replace([FIRST, slow])
    assert tokens.wait(slow) == 1.0


def test_who_asks_too_often_is_told_when_to_come_again() -> None:
    @get("/v1/jobs", opt={NEEDS: ApiScope.JOBS_READ})
    async def jobs() -> str:
        return "ok\n"

    seconds = Seconds()
    tokens = Tokens([WRITER, FIRST], 0.1, seconds)
    asked = b"GET /v1/jobs HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer "
    with serving(application([Router("/", route_handlers=[jobs])], tokens), "127.0.0.1", 0) as port:
        clients = Clients()
        first = b"the-first-of-all-tokens\r\n\r\n"
        answers = [clients(port, asked + first).answer() for _ in range(3)]
        assert [status(one) for one in answers] == [200, 200, 429]
        assert (fields(answers[2])["retry-after"], fields(answers[2])["content-type"]) == ("10", PROBLEM)
        # Without the scope it counts as well, and nobody else waits for it.
        writer = [status(clients(port, asked + b"a-token-that-writes\r\n\r\n").answer()) for _ in range(3)]
        assert writer == [403, 403, 429]
        seconds.now += 10
        assert status(clients(port, asked + first).answer()) == 200
        clients.close()


def test_what_is_no_token_or_guessed_too_easily_is_refused_unseen() -> None:
    for text in ("short", "a token with blanks in it", "a-tökén-with-accents", "a" * 15, ""):
        with pytest.raises(ValueError, match="this is no token") as refused:
            TOKEN.parse(text)
        assert not text or text not in str(refused.value)
    assert TOKEN.parse("abcdefABCDEF0123456789-._~+/==")
