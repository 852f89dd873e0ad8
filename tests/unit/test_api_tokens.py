"""Who may ask what of the API: by the header Authorization alone, and before anything of a body is read."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from litestar import Router, get

from adapters.web.application import application
from adapters.web.limits import ServerLimits
from adapters.web.serving import serving
from adapters.web.tokens import NEEDS, ApiScope, ApiToken, Tokens
from tests.support.http.clients import Clients, fields, status
from tocsin.config.settings.forms import TOKEN

WRITER = ApiToken("a-token-that-writes", frozenset({ApiScope.EVENTS_WRITE}))
FIRST = ApiToken("the-first-of-all-tokens")


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
    assert tokens.scopes(b"the-first-of-all-tokens") == frozenset(ApiScope)
    assert tokens.scopes(b"a-token-that-writes") == frozenset({ApiScope.EVENTS_WRITE})
    assert [tokens.scopes(one) for one in (b"", b"a-token-that-write", b"A-token-that-writes", b"\xff")] == [None] * 4


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


def test_what_is_no_token_or_guessed_too_easily_is_refused_unseen() -> None:
    for text in ("short", "a token with blanks in it", "a-tökén-with-accents", "a" * 15, ""):
        with pytest.raises(ValueError, match="this is no token") as refused:
            TOKEN.parse(text)
        assert not text or text not in str(refused.value)
    assert TOKEN.parse("abcdefABCDEF0123456789-._~+/==")
