"""What refuses a field begins its message with the field's name: here it becomes the setting that was meant."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from tocsin.config.settings.faults import SettingsError
from tocsin.config.settings.in_force import Settings
from tocsin.config.settings.setting import Setting

Fields = Mapping[str, Setting[Any]]
"""Which setting is meant by which field."""


@contextmanager
def named_fields(settings: Settings, fields: Fields, otherwise: Setting[Any]) -> Iterator[None]:
    """Turn a ValueError into a SettingsError at the place of its field's setting, or of `otherwise`."""
    try:
        yield
    except SettingsError:
        raise
    except ValueError as error:
        field, colon, problem = str(error).partition(": ")
        if colon and field in fields:
            raise SettingsError.at(settings.named(fields[field]), problem) from None
        raise SettingsError.at(settings.named(otherwise), error) from None
