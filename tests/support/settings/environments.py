"""Settings as an environment gives them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from tocsin.config.settings.in_force import Settings
from tocsin.config.settings.reading import read_settings
from tocsin.config.wiring.mail import MailSettings


def mail_by(relay: str, environment: Mapping[str, str] = MappingProxyType({})) -> MailSettings:
    """Mail of support@desk.example by this relay, without TLS unless the environment says otherwise."""
    told = {"TOCSIN_SMTP": relay, "TOCSIN_SMTP_TLS": "none", "TOCSIN_MAIL_FROM": "Support <support@desk.example>"}
    return MailSettings.of(settings_in({**told, **environment}))


def settings_in(environment: Mapping[str, str]) -> Settings:
    """The settings of these variables, without a file. Raises SettingsError."""
    return read_settings(None, environment).checked()
