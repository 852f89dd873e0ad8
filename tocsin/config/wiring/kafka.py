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
from tocsin.config.settings.faults import SettingsError
from tocsin.config.settings.forms import brokers as brokers_of
from tocsin.config.settings.reading import Settings
from tocsin.config.settings.setting import Setting

_LOGIN: Final[tuple[Setting[Any], ...]] = (KAFKA_SASL, KAFKA_USERNAME, KAFKA_PASSWORD)


def kafka_settings(brokers: str, prefix: str, settings: Settings) -> KafkaSettings:
    """The settings for these brokers (HOST:PORT, with commas between them). Raises SettingsError."""
    login, tls = _login(settings), _tls(settings)
    try:
        return KafkaSettings(brokers_of(brokers), prefix, tls, login)
    except KafkaSettingsError as error:
        raise SettingsError.at("table [kafka]", error) from None
    except ValueError as error:
        raise SettingsError.at(KAFKA.names, error) from None


def membership(group: str, instance: str, settings: Settings) -> Membership:
    """The place in its group of a process of this name."""
    return Membership.of(group, instance, timedelta(seconds=settings.given(KAFKA_SESSION)))


def kafka_in(settings: Settings) -> KafkaSettings | None:
    """The settings where brokers are named, else None. Raises SettingsError."""
    brokers = settings.get(KAFKA)
    return None if brokers is None else kafka_settings(brokers, settings[KAFKA_PREFIX] or "", settings)


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
