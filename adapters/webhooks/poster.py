"""Posts to endpoints over HTTP/1.1 with httpx: one try within a bounded time, of whose answer only the status counts.

Redirects are not followed, proxies of the environment are not asked, certificates are verified. Where an endpoint may
lie is the operator's affair, who writes the settings: private addresses are allowed.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

import httpx

from outcomes.endpoint import Endpoint
from outcomes.retries import Answer
from schemas.clock import Clock
from schemas.errors import WrongSettingError

POST_LIMIT: Final = timedelta(seconds=20)
"""For a whole try, from the look-up of the name to the end of the answer: Standard Webhooks recommends 15 to 30 s."""

MOST_READ: Final = 65_536
"""Bytes of an answer that are read, so that its connection can be used again. A longer one is cut off."""


class NoAuthoritiesError(WrongSettingError, ValueError):
    """The file of authorities of an endpoint can't be used."""


class HttpPoster:
    """A client for each endpoint, so that none takes connections from another. It belongs to one event loop."""

    def __init__(
        self,
        endpoints: Sequence[Endpoint],
        version: str,
        clock: Clock,
        *,
        connections: int = 4,
        limit: timedelta = POST_LIMIT,
    ) -> None:
        """Raises NoAuthoritiesError."""
        self._clock = clock
        self._limit = limit.total_seconds()
        headers = {"user-agent": f"tocsin/{version}", "content-type": "application/json", "accept": "*/*"}
        self._clients = {one.name: _client(one, headers, connections, self._limit) for one in endpoints}

    async def post(self, endpoint: Endpoint, headers: Mapping[str, str], body: bytes) -> Answer:
        """See outcomes.ports.Poster."""
        try:
            async with asyncio.timeout(self._limit):
                return await self._post(endpoint, headers, body)
        except TimeoutError:
            return Answer(why=f"no answer within {self._limit:.0f} s")
        except httpx.TimeoutException:
            return Answer(why=f"no answer within {self._limit:.0f} s")
        except httpx.ConnectError as error:
            return Answer(why=_no_connection(error))
        except (httpx.HTTPError, httpx.InvalidURL, ssl.SSLError, OSError, UnicodeError) as error:
            # Its words may hold the URL, and with it what somebody has written there.
            return Answer(why=f"the connection broke ({type(error).__name__})")

    async def close(self) -> None:
        """Let go of connections."""
        for client in self._clients.values():
            await client.aclose()

    async def _post(self, endpoint: Endpoint, headers: Mapping[str, str], body: bytes) -> Answer:
        client = self._clients[endpoint.name]
        async with client.stream("POST", endpoint.url, headers=dict(headers), content=body) as response:
            answer = Answer(response.status_code, retry_after=self._retry_after(response.headers))
            # The status has come. What breaks behind it changes nothing.
            with suppress(httpx.HTTPError):
                await _read_a_little(response)
        return answer

    def _retry_after(self, headers: httpx.Headers) -> timedelta | None:
        """What RFC 9110, section 10.2.3, allows: seconds, or a date. None where it is neither."""
        value = headers.get("retry-after", "").strip()
        if value.isascii() and value.isdigit():
            return timedelta(seconds=min(int(value[:9]), 10**8))
        with suppress(ValueError, TypeError, OverflowError):
            moment = parsedate_to_datetime(value)
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - self._now()
        return None

    def _now(self) -> datetime:
        return self._clock.now()


def _client(endpoint: Endpoint, headers: Mapping[str, str], connections: int, limit: float) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        headers=dict(headers),
        verify=_authorities(endpoint),
        trust_env=False,
        follow_redirects=False,
        timeout=httpx.Timeout(limit),
        limits=httpx.Limits(max_connections=connections, max_keepalive_connections=connections, keepalive_expiry=30.0),
    )


def _authorities(endpoint: Endpoint) -> ssl.SSLContext:
    """Those of the system, or those of the endpoint's file alone."""
    try:
        return ssl.create_default_context(cafile=None if endpoint.ca is None else str(endpoint.ca))
    except (OSError, ssl.SSLError) as error:
        why = getattr(error, "strerror", None) or type(error).__name__
        message = f"endpoint {endpoint.name}: {endpoint.ca} holds no certificates that can be read ({why})"
        raise NoAuthoritiesError(message) from None


def _no_connection(error: httpx.ConnectError) -> str:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"its certificate can't be verified ({cause.verify_message})"
        cause = cause.__cause__ or cause.__context__
    return "no connection"


async def _read_a_little(response: httpx.Response) -> None:
    read = 0
    async for part in response.aiter_raw():
        read += len(part)
        if read > MOST_READ:
            # Its connection is closed with the response.
            return
