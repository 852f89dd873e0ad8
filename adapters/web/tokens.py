"""Who may ask what of the API, and how often: bearer tokens (RFC 6750), each with its scopes."""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Callable, Sequence
from http import HTTPStatus
from math import ceil
from typing import Final

from litestar.enums import ScopeType
from litestar.exceptions import HTTPException, TooManyRequestsException
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Receive, Scope, Send
from msgspec import Struct

from adapters.web.client_rates import ClientRates
from schemas.token_file import ApiScope

NEEDS: Final = "needs_scope"
"""The key of a route's `opt` whose value is the scope that a request needs. A route without one is open to all."""

SECURITY: Final = "token"
"""How the OpenAPI document calls it."""

FIRST: Final = "http.token"
"""The name of the token of the setting `http.token`. In a file of tokens none is called so, since none has a scope."""


class ApiToken(Struct, frozen=True):
    """A token by its name and the SHA-256 of its secret, what it allows, and how many requests a second.

    Without a `rate` it has that of all tokens.
    """

    name: str
    sha256: bytes
    scopes: frozenset[ApiScope] = frozenset(ApiScope)
    rate: float | None = None

    @classmethod
    def of(cls, secret: str, scopes: frozenset[ApiScope] = frozenset(ApiScope), name: str = FIRST) -> ApiToken:
        """The token with this secret: it allows everything, where nothing is said."""
        return cls(name, _digest(secret.encode()), scopes)


class Tokens:
    """All tokens that are accepted, and how often each has asked. `monotonic` gives seconds.

    They belong to the thread that serves; `replace` may be called from another one.
    """

    def __init__(
        self, tokens: Sequence[ApiToken], rate: float | None = None, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._tokens = tuple(tokens)
        self._rate = rate
        self._rates = ClientRates(rate or 1.0, monotonic)

    def replace(self, tokens: Sequence[ApiToken]) -> None:
        """From now on these are accepted, and no other."""
        self._tokens = tuple(tokens)

    def find(self, secret: bytes) -> ApiToken | None:
        """The token with this secret; None: there is none. It takes the same time for each, and for none."""
        digest, found = _digest(secret), None
        for one in self._tokens:
            if hmac.compare_digest(digest, one.sha256):
                found = one
        return found

    def wait(self, token: ApiToken) -> float:
        """Count a request: 0 where it is allowed, else the seconds until one will be."""
        rate = token.rate or self._rate
        return 0.0 if rate is None else self._rates.wait(token.name, rate)


class Authorizing(ASGIMiddleware):
    """Lets a request pass to a route that needs a scope only with a token for it, before its body is read.

    Behind it, the request's `auth` holds the scopes of its token, and `user` its name.
    """

    scopes = (ScopeType.HTTP,)

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """See ASGIMiddleware."""
        needed = scope["route_handler"].opt.get(NEEDS)
        if needed is not None:
            given = [value for name, value in scope["headers"] if name == b"authorization"]
            token = self._tokens.find(_secret(given))
            if token is None:
                # RFC 6750, section 3: an error is named only where a token was given.
                raise _refusal(HTTPStatus.UNAUTHORIZED, ', error="invalid_token"' if given else "")
            # First, so that whoever is refused for their scope is not free to ask on.
            if wait := self._tokens.wait(token):
                raise TooManyRequestsException(headers={"Retry-After": str(ceil(wait))})
            if needed not in token.scopes:
                raise _refusal(HTTPStatus.FORBIDDEN, f', error="insufficient_scope", scope="{needed}"')
            scope["auth"], scope["user"] = token.scopes, token.name
        await next_app(scope, receive, send)


def _secret(given: Sequence[bytes]) -> bytes:
    """The secret that a request names; empty, and so nobody's, where it names none, or several."""
    scheme, _, secret = given[0].partition(b" ") if len(given) == 1 else (b"", b"", b"")
    return secret.strip() if scheme.lower() == b"bearer" else b""


def _refusal(status: HTTPStatus, why: str) -> HTTPException:
    return HTTPException(status_code=status, headers={"WWW-Authenticate": f'Bearer realm="tocsin"{why}'})


def _digest(secret: bytes) -> bytes:
    return hashlib.sha256(secret).digest()
