"""Where other systems are answered by HTTP, and who of them, from the settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path

from msgspec import Struct

from intake.ports import Retention
from tocsin.config.settings.declared.http import (
    HTTP_LISTEN,
    HTTP_POSTS,
    HTTP_PROCESSOR,
    HTTP_RATE,
    HTTP_TOKEN,
    HTTP_TOKENS,
)
from tocsin.config.settings.declared.intake import HOOK_PROXIES, HOOK_SECRETS, KEEP_DELIVERIES, KEEP_STATES, MAPPINGS
from tocsin.config.settings.faults import SettingsError
from tocsin.config.settings.forms import hook_secrets, listening, networks
from tocsin.config.settings.in_force import Settings


class HookSettings(Struct, frozen=True):
    """The webhooks of helpdesks: one's own mappings, the secrets of each hook, the servers in front, what is kept."""

    mappings: Path | None
    secrets: Mapping[str, Sequence[str]]
    proxies: Sequence[IPv4Network | IPv6Network]
    retention: Retention = Retention()

    @classmethod
    def of(cls, settings: Settings) -> HookSettings:
        """As the settings say."""
        secrets, proxies = hook_secrets(settings[HOOK_SECRETS] or ""), networks(settings.given(HOOK_PROXIES))
        days = {"deliveries": settings.given(KEEP_DELIVERIES), "states": settings.given(KEEP_STATES)}
        retention = Retention(**{name: timedelta(days=number) for name, number in days.items()})
        return cls(settings[MAPPINGS], secrets, proxies, retention)


class TokenSettings(Struct, frozen=True):
    """The first token, which allows everything, the file of all others, and how often each may ask a second."""

    first: str | None
    file: Path | None
    rate: float

    @classmethod
    def of(cls, settings: Settings) -> TokenSettings:
        """As the settings say. Raises SettingsError where nobody could ask anything."""
        first, file = settings[HTTP_TOKEN], settings[HTTP_TOKENS]
        if first is None and file is None:
            ways = " or ".join((*HTTP_TOKEN.variables, HTTP_TOKENS.variable))
            problem = f"nobody could post an event without a token: give one by {ways}"
            raise SettingsError.at(settings.named(HTTP_LISTEN), problem)
        return cls(first, file, settings.given(HTTP_RATE))


class HttpSettings(Struct, frozen=True):
    """Host and port, who may ask, the webhooks, and how much there may be at once.

    `processor` is a share of one; None: as the process has it.
    """

    address: tuple[str, int]
    tokens: TokenSettings
    hooks: HookSettings
    posts: int = 128
    processor: float | None = None

    @classmethod
    def of(cls, settings: Settings) -> HttpSettings | None:
        """As the settings say; None where nobody is answered. Raises SettingsError where nobody could ask anything."""
        return None if settings[HTTP_LISTEN] is None else cls.needed(settings)

    @classmethod
    def needed(cls, settings: Settings) -> HttpSettings:
        """As the settings say, of a command that can't do without. Raises SettingsError as well."""
        listen = listening(settings.given(HTTP_LISTEN))
        percent = settings[HTTP_PROCESSOR]
        tokens, hooks = TokenSettings.of(settings), HookSettings.of(settings)
        return cls(listen, tokens, hooks, settings.given(HTTP_POSTS), None if percent is None else percent / 100)
