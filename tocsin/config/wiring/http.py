"""Where other systems are answered by HTTP, and who of them, from the settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path

from msgspec import Struct

from tocsin.config.settings.declared.http import HTTP_LISTEN, HTTP_TOKEN
from tocsin.config.settings.declared.intake import HOOK_PROXIES, HOOK_SECRETS, MAPPINGS
from tocsin.config.settings.faults import SettingsError
from tocsin.config.settings.forms import hook_secrets, listening, networks
from tocsin.config.settings.in_force import Settings


class HookSettings(Struct, frozen=True):
    """The webhooks of helpdesks: the folder of one's own mappings, the secrets of each hook, the servers in front."""

    mappings: Path | None
    secrets: Mapping[str, Sequence[str]]
    proxies: Sequence[IPv4Network | IPv6Network]

    @classmethod
    def of(cls, settings: Settings) -> HookSettings:
        """As the settings say."""
        secrets, proxies = hook_secrets(settings[HOOK_SECRETS] or ""), networks(settings.given(HOOK_PROXIES))
        return cls(settings[MAPPINGS], secrets, proxies)


class HttpSettings(Struct, frozen=True):
    """Host and port, the first token, which allows everything, and the webhooks."""

    address: tuple[str, int]
    token: str
    hooks: HookSettings

    @classmethod
    def of(cls, settings: Settings) -> HttpSettings | None:
        """As the settings say; None where nobody is answered. Raises SettingsError where nobody could ask anything."""
        listen, token = settings[HTTP_LISTEN], settings[HTTP_TOKEN]
        if listen is None:
            return None
        if token is None:
            problem = f"nobody could post an event without a token: give one by {' or '.join(HTTP_TOKEN.variables)}"
            raise SettingsError.at(settings.named(HTTP_LISTEN), problem)
        return cls(listening(listen), token, HookSettings.of(settings))
