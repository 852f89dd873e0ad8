"""How often somebody may try to sign in: each failure makes the next try wait longer, by account and by address.

Nothing here knows whether there is an account of a name, so whoever tries learns nothing of that.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from datetime import datetime, timedelta
from typing import Final

from msgspec import Struct

MOST_REMEMBERED: Final = 10_000
"""Names, and addresses, that are remembered; beyond that, the one that tried the longest ago is forgotten."""

FORGOTTEN_AFTER: Final = timedelta(hours=1)
"""Without a failure."""


class Slowing(Struct, frozen=True):
    """So many failures are free; then the wait begins with a second, and doubles with each, up to `longest`."""

    free: int
    longest: timedelta


OF_NAMES: Final = Slowing(5, timedelta(minutes=5))
"""Short enough that nobody is kept out for long by somebody else who tries their name."""

OF_ADDRESSES: Final = Slowing(20, timedelta(minutes=15))
"""Several people may come from one."""


class _Tried(Struct):
    failures: int
    last: datetime


class _Tries:
    """Failures by one kind of key."""

    def __init__(self, slowing: Slowing) -> None:
        self._slowing = slowing
        self._tried: OrderedDict[str, _Tried] = OrderedDict()

    def wait(self, key: str, now: datetime) -> timedelta:
        tried = self._tried.get(key)
        if tried is None or now - tried.last >= FORGOTTEN_AFTER or tried.failures < self._slowing.free:
            return timedelta(0)
        beyond = min(tried.failures - self._slowing.free, 30)
        wait = min(timedelta(seconds=2**beyond), self._slowing.longest)
        # A clock that was set back makes nobody wait longer than from now on.
        return min(max(tried.last + wait - now, timedelta(0)), wait)

    def failed(self, key: str, now: datetime) -> None:
        tried = self._tried.pop(key, None)
        failures = 0 if tried is None or now - tried.last >= FORGOTTEN_AFTER else tried.failures
        self._tried[key] = _Tried(failures + 1, now)
        if len(self._tried) > MOST_REMEMBERED:
            self._tried.popitem(last=False)

    def take_back(self, key: str) -> None:
        tried = self._tried.get(key)
        if tried is not None:
            tried.failures -= 1

    def forget(self, key: str) -> None:
        self._tried.pop(key, None)

    def __len__(self) -> int:
        return len(self._tried)


class Patience:
    """It may be shared between threads."""

    def __init__(self, of_names: Slowing = OF_NAMES, of_addresses: Slowing = OF_ADDRESSES) -> None:
        self._turn = threading.Lock()
        self._names, self._addresses = _Tries(of_names), _Tries(of_addresses)

    def begin(self, name: str, address: str, now: datetime) -> timedelta:
        """Begin a try: it counts as failed until it `succeeded`. Where it gives a wait, it does not begin at all.

        An empty address is one that nobody knows, as behind a proxy that tells none: only the name is slowed. Since a
        try counts at once, several at the same time are no way around the wait.
        """
        with self._turn:
            wait = max(self._names.wait(name, now), self._addresses.wait(address, now))
            if not wait:
                self._names.failed(name, now)
                if address:
                    self._addresses.failed(address, now)
            return wait

    def succeeded(self, name: str, address: str) -> None:
        """The try was right. The address keeps its other failures: they were at other names."""
        with self._turn:
            self._names.forget(name)
            self._addresses.take_back(address)

    def __len__(self) -> int:
        """How many names and addresses are remembered."""
        return len(self._names) + len(self._addresses)
