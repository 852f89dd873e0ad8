"""Settings as an environment gives them."""

from __future__ import annotations

from collections.abc import Mapping

from tocsin.config.settings.reading import Settings, read_settings


def settings_in(environment: Mapping[str, str]) -> Settings:
    """The settings of these variables, without a file. Raises SettingsError."""
    return read_settings(None, environment).checked()
