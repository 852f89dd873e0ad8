"""Where other systems are answered by HTTP, and who of them, from the settings."""

from __future__ import annotations

from msgspec import Struct

from tocsin.config.settings.declared.http import HTTP_LISTEN, HTTP_TOKEN
from tocsin.config.settings.faults import SettingsError
from tocsin.config.settings.forms import listening
from tocsin.config.settings.in_force import Settings


class HttpSettings(Struct, frozen=True):
    """Host and port, and the first token, which allows everything."""

    address: tuple[str, int]
    token: str

    @classmethod
    def of(cls, settings: Settings) -> HttpSettings | None:
        """As the settings say; None where nobody is answered. Raises SettingsError where nobody could ask anything."""
        listen, token = settings[HTTP_LISTEN], settings[HTTP_TOKEN]
        if listen is None:
            return None
        if token is None:
            problem = f"nobody could post an event without a token: give one by {' or '.join(HTTP_TOKEN.variables)}"
            raise SettingsError.at(settings.named(HTTP_LISTEN), problem)
        return cls(listening(listen), token)
