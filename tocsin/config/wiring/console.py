"""The console, from the settings."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network

from msgspec import Struct

from console.people.sessions import Limits
from tocsin.config.settings.declared.console import (
    CONSOLE_IDLE,
    CONSOLE_PROXIES,
    CONSOLE_SERVED,
    CONSOLE_SESSION,
    CONSOLE_URL,
)
from tocsin.config.settings.declared.http import HTTP_LISTEN
from tocsin.config.settings.forms import listening, networks
from tocsin.config.settings.in_force import Settings


class ConsoleSettings(Struct, frozen=True):
    """How long sessions go on, the public address if there is one, the one that links begin with, servers in front."""

    limits: Limits
    url: str | None
    begins: str
    proxies: Sequence[IPv4Network | IPv6Network]

    @classmethod
    def of(cls, settings: Settings) -> ConsoleSettings | None:
        """As the settings say; None where it is not served."""
        listen = settings[HTTP_LISTEN]
        if listen is None or not settings.given(CONSOLE_SERVED):
            return None
        idle, whole = timedelta(minutes=settings.given(CONSOLE_IDLE)), timedelta(hours=settings.given(CONSOLE_SESSION))
        url, proxies = settings[CONSOLE_URL], networks(settings.given(CONSOLE_PROXIES))
        return cls(Limits(idle, whole), url, _beginning(url, listening(listen)), proxies)


def _beginning(url: str | None, listen: tuple[str, int]) -> str:
    """What stands before the path in a link."""
    if url is not None:
        return url.rstrip("/")
    host, port = listen
    if host in ("0.0.0.0", "::"):  # noqa: S104 - compared, not listened on
        host = "localhost"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
