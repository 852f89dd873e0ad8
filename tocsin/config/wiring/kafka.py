"""How Kafka is reached, from the settings."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from adapters.kafka.errors import KafkaSettingsError
from adapters.kafka.settings import KafkaSettings, Login, Membership, Tls
from tocsin.config.settings.declared.kafka import (
    KAFKA,
    KAFKA_CA,
    KAFKA_CERTIFICATE,
    KAFKA_KEY,
    KAFKA_PASSWORD,
    KAFKA_PREFIX,
    KAFKA_SASL,
    KAFKA_SESSION,
    KAFKA_TLS,
    KAFKA_USERNAME,
)
from tocsin.config.settings.declared.processes import INSTANCE_NAME
from tocsin.config.settings.faults import SettingsError
from tocsin.config.settings.forms import brokers as brokers_of
from tocsin.config.settings.in_force import Settings
from tocsin.config.settings.setting import Setting

_LOGIN: Final[tuple[Setting[Any], ...]] = (KAFKA_SASL, KAFKA_USERNAME, KAFKA_PASSWORD)


def kafka_settings(settings: Settings) -> KafkaSettings:
    """The cluster whose brokers are named. Raises SettingsError."""
    login, tls = _login(settings), _tls(settings)
    try:
        return KafkaSettings(brokers_of(settings.given(KAFKA)), settings[KAFKA_PREFIX] or "", tls, login)
    except KafkaSettingsError as error:
        raise SettingsError.at("table [kafka]", error) from None
    except ValueError as error:
        raise SettingsError.at(KAFKA.names, error) from None


def membership(settings: Settings, group: Setting[str]) -> Membership:
    """The place in this group of the process that the settings name."""
    session = timedelta(seconds=settings.given(KAFKA_SESSION))
    return Membership.of(settings.given(group), settings.given(INSTANCE_NAME), session)


def kafka_in(settings: Settings) -> KafkaSettings | None:
    """The cluster where brokers are named, else None. Raises SettingsError."""
    return None if settings.get(KAFKA) is None else kafka_settings(settings)


def _tls(settings: Settings) -> Tls | None:
    wanted = settings[KAFKA_TLS]
    files = [settings[one] for one in (KAFKA_CA, KAFKA_CERTIFICATE, KAFKA_KEY)]
    if wanted is False or not (wanted or any(files)):
        return None
    return Tls(*files)


def _login(settings: Settings) -> Login | None:
    mechanism, username, password = settings[KAFKA_SASL], settings[KAFKA_USERNAME], settings[KAFKA_PASSWORD]
    if mechanism is None and username is None and password is None:
        return None
    if mechanism is None or username is None or password is None:
        given = next(settings.named(part) for part in _LOGIN if settings[part] is not None)
        missing = " and ".join(part.names for part in _LOGIN if settings[part] is None)
        raise SettingsError.at(given, f"a login needs {missing} as well")
    return Login(mechanism, username, password)
