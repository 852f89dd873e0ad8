"""How often one client may ask: requests a second for each address, in bounded memory.

Behind a proxy every connection comes from the proxy. So its X-Forwarded-For is read, but only where it is trusted:
anybody can write that header.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from math import ceil
from typing import Final, TypeAlias

from litestar.enums import ScopeType
from litestar.exceptions import TooManyRequestsException
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Receive, Scope, Send
from msgspec import Struct

MOST_CLIENTS: Final = 10_000
"""Addresses that are remembered; beyond that, the one that asked the longest ago is forgotten."""

BURST_SECONDS: Final = 20.0
"""So many seconds' worth of requests may come at once."""

_NETWORK_OF_ONE: Final = 64
"""Bits of an IPv6 address that one client's network has: the rest is its own to choose (RFC 6177)."""

Network: TypeAlias = IPv4Network | IPv6Network
_Address: TypeAlias = IPv4Address | IPv6Address


class ClientRates:
    """A token bucket for each client. `monotonic` gives seconds. It may be shared between threads."""

    def __init__(self, rate: float, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._rate = rate
        self._monotonic = monotonic
        self._turn = threading.Lock()
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def __deepcopy__(self, _memo: object) -> ClientRates:
        """Itself: Litestar copies a part with its middleware, and a limit counts wherever it stands."""
        return self

    def wait(self, client: str, rate: float | None = None) -> float:
        """Count a request of this client: 0 where it is allowed, else the seconds until one will be.

        `rate` is the client's own, where it has one.
        """
        rate = rate or self._rate
        most, now = max(1.0, rate * BURST_SECONDS), self._monotonic()
        with self._turn:
            left, since = self._left.pop(client, (most, now))
            left = min(most, left + (now - since) * rate)
            may = left >= 1
            self._left[client] = (left - 1 if may else left, now)
            if len(self._left) > MOST_CLIENTS:
                self._left.popitem(last=False)
        return 0.0 if may else (1 - left) / rate

    def __len__(self) -> int:
        """How many clients are remembered."""
        return len(self._left)


class Limit(Struct, frozen=True):
    """How many requests a second one client may make, and whose X-Forwarded-For tells who the client is."""

    rate: float = 5.0
    trusted: Sequence[Network] = (ip_network("127.0.0.0/8"), ip_network("::1"))


class Limiting(ASGIMiddleware):
    """Answers 429 (RFC 6585, section 4) to whoever asks too often. It is for one part of an application."""

    scopes = (ScopeType.HTTP,)

    def __init__(self, limit: Limit, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._trusted = limit.trusted
        self._rates = ClientRates(limit.rate, monotonic)

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """See ASGIMiddleware."""
        peer = scope["client"]
        forwarded = [value.decode("latin-1") for name, value in scope["headers"] if name == b"x-forwarded-for"]
        client = client_of(peer[0] if peer else None, forwarded, self._trusted)
        wait = self._rates.wait(client) if client is not None else 0.0
        if wait:
            raise TooManyRequestsException(headers={"Retry-After": str(ceil(wait))})
        await next_app(scope, receive, send)


def client_of(peer: str | None, forwarded: Sequence[str], trusted: Sequence[Network]) -> str | None:
    """Who asks: the peer, or the last address in X-Forwarded-For that is no trusted proxy's; of IPv6, its network.

    None where a trusted proxy doesn't say who asks: a limit on the proxy itself would be one for all of its clients.
    """
    for text in (peer or "", *reversed(",".join(forwarded).split(","))):
        address = _address(text.strip())
        if address is None:
            return None
        if not _is_in(address, trusted):
            return str(address if address.version == 4 else ip_network((address, _NETWORK_OF_ONE), strict=False))  # noqa: PLR2004
    return None


def comes_from(peer: str | None, networks: Sequence[Network]) -> bool:
    """Whether the other end of a connection is in one of these networks."""
    address = _address(peer or "")
    return address is not None and _is_in(address, networks)


def _is_in(address: _Address, networks: Sequence[Network]) -> bool:
    return any(address in network for network in networks)


def _address(text: str) -> _Address | None:
    """An address, perhaps with a port behind it, as some proxies write it."""
    host = text[1:].partition("]")[0] if text.startswith("[") else text
    host = host.partition(":")[0] if host.count(":") == 1 else host
    try:
        address = ip_address(host)
    except ValueError:
        return None
    if isinstance(address, IPv6Address):
        # Without its zone (RFC 4007), which is of any length and no part of who asks.
        return address.ipv4_mapped or IPv6Address(int(address))
    return address
