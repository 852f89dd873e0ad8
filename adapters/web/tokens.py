"""Who may ask what of the API: bearer tokens (RFC 6750), each with its scopes."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from enum import StrEnum
from http import HTTPStatus
from typing import Final

from litestar.enums import ScopeType
from litestar.exceptions import HTTPException
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Receive, Scope, Send
from msgspec import Struct

NEEDS: Final = "needs_scope"
"""The key of a route's `opt` whose value is the scope that a request needs. A route without one is open to all."""

SECURITY: Final = "token"
"""How the OpenAPI document calls it."""


class ApiScope(StrEnum):
    """What a token allows."""

    EVENTS_WRITE = "events:write"
    DECISIONS_READ = "decisions:read"
    JOBS_READ = "jobs:read"


class ApiToken(Struct, frozen=True):
    """A token and what it allows: everything, where nothing is said."""

    secret: str
    scopes: frozenset[ApiScope] = frozenset(ApiScope)


class Tokens:
    """All tokens that are accepted."""

    def __init__(self, tokens: Sequence[ApiToken]) -> None:
        self._scopes = [(_digest(one.secret.encode()), one.scopes) for one in tokens]

    def scopes(self, secret: bytes) -> frozenset[ApiScope] | None:
        """What a token allows; None for one that is not known. It takes the same time for each."""
        digest, found = _digest(secret), None
        for known, scopes in self._scopes:
            if hmac.compare_digest(digest, known):
                found = scopes
        return found


class Authorizing(ASGIMiddleware):
    """Lets a request pass to a route that needs a scope only with a token for it, before its body is read."""

    scopes = (ScopeType.HTTP,)

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """See ASGIMiddleware."""
        needed = scope["route_handler"].opt.get(NEEDS)
        if needed is not None:
            given = [value for name, value in scope["headers"] if name == b"authorization"]
            scheme, _, secret = given[0].partition(b" ") if len(given) == 1 else (b"", b"", b"")
            allowed = self._tokens.scopes(secret.strip()) if scheme.lower() == b"bearer" else None
            if allowed is None:
                # RFC 6750, section 3: an error is named only where a token was given.
                raise _refusal(HTTPStatus.UNAUTHORIZED, ', error="invalid_token"' if given else "")
            if needed not in allowed:
                raise _refusal(HTTPStatus.FORBIDDEN, f', error="insufficient_scope", scope="{needed}"')
        await next_app(scope, receive, send)


def _refusal(status: HTTPStatus, why: str) -> HTTPException:
    return HTTPException(status_code=status, headers={"WWW-Authenticate": f'Bearer realm="tocsin"{why}'})


def _digest(secret: bytes) -> bytes:
    return hashlib.sha256(secret).digest()
