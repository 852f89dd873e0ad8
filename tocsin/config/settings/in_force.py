"""The settings of a command: each value in force, and where it came from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from msgspec import Struct

from tocsin.config.settings.declared import SETTINGS
from tocsin.config.settings.faults import SettingsError, SettingsFault
from tocsin.config.settings.masking import holds_password
from tocsin.config.settings.origins import BY_DEFAULT, Origin, Source
from tocsin.config.settings.setting import Secrecy, Setting

T = TypeVar("T")


class Held(Struct, frozen=True):
    """A value in force and its origin."""

    value: Any
    origin: Origin

    def __repr__(self) -> str:
        """Without the value, which may be a secret."""
        return f"Held({self.origin})"


class Settings:
    """The settings of one command, with their origins."""

    def __init__(self, held: Mapping[str, Held]) -> None:
        self._held = held

    def __getitem__(self, setting: Setting[T]) -> T | None:
        """The value in force. Raises KeyError for a setting that the command does not use."""
        value: T | None = self._held[setting.key].value
        return value

    def given(self, setting: Setting[T]) -> T:
        """The value in force of a setting that always has one: by its default, or since the command needs it."""
        value = self[setting]
        assert value is not None  # noqa: S101 - a slip in the code: else nothing may be said
        return value

    def get(self, setting: Setting[T]) -> T | None:
        """The same; None for a setting that the command does not use."""
        held = self._held.get(setting.key)
        return None if held is None else held.value

    def __contains__(self, setting: Setting[Any]) -> bool:
        """Whether the command uses it."""
        return setting.key in self._held

    def either(self, first: Setting[Any], second: Setting[Any]) -> Settings:
        """The same, without one of two that a command can't use together: what its line names stays, else the first.

        Where the command line names both, both stay.
        """
        if self[first] is None or self[second] is None or (self.is_named(first) and self.is_named(second)):
            return self
        return self.without(first if self.is_named(second) else second)

    def without(self, setting: Setting[Any]) -> Settings:
        """The same, as if nothing said this one."""
        return Settings({**self._held, setting.key: Held(None, BY_DEFAULT)})

    def is_named(self, setting: Setting[Any]) -> bool:
        """Whether the command line itself says it."""
        return self.origin(setting).source is Source.OPTION

    def origin(self, setting: Setting[Any]) -> Origin:
        """Where its value came from."""
        return self._held[setting.key].origin

    def named(self, setting: Setting[Any]) -> str:
        """The place to mend: the option, variable, or file, line and key that set it; where nothing did, its names."""
        origin = self.origin(setting)
        if origin.source is Source.DEFAULT:
            return setting.names
        return origin.name if origin.source is not Source.FILE else f"{origin.name}: {setting.key}"

    def secrets(self) -> frozenset[str]:
        """Every secret in force, and every value with a password in it."""
        held = ((setting, self.get(setting)) for setting in SETTINGS if setting.is_secret)
        return frozenset(
            value
            for setting, value in held
            if value is not None and (setting.secrecy is Secrecy.WHOLE or holds_password(value))
        )

    def exposed(self) -> list[Setting[Any]]:
        """Those that the command line gives with a password in them."""
        named = [one for one in SETTINGS if one.key in self._held and self.origin(one).source is Source.OPTION]
        return [one for one in named if one.secrecy is Secrecy.WITHIN and holds_password(str(self[one]))]

    def with_options(self, given: Mapping[Setting[Any], Any]) -> Settings:
        """The same, with what the command line says. Raises SettingsError for values that can't be used."""
        by_option, faults = {}, []
        for setting, value in given.items():
            try:
                taken = setting.kind.take(value)
            except ValueError as error:
                faults.append(SettingsFault(setting.option or setting.key, str(error), setting.key))
            else:
                by_option[setting.key] = Held(taken, Origin(Source.OPTION, setting.option or ""))
        if faults:
            raise SettingsError(faults)
        return Settings({**self._held, **by_option})

    def with_defaults(self, defaults: Mapping[Setting[Any], Any]) -> Settings:
        """The same, with these values where nothing says any."""
        missing = {one.key: Held(value, BY_DEFAULT) for one, value in defaults.items() if self.get(one) is None}
        return Settings({**self._held, **missing})

    def __repr__(self) -> str:
        """Without any value."""
        return f"Settings({len(self._held)} settings)"
