"""How Kafka is reached, from the command line and the environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from adapters.kafka.errors import KafkaSettingsError
from adapters.kafka.settings import KafkaSettings, Login, Mechanism, Tls

TLS: Final = "TOCSIN_KAFKA_TLS"
CA: Final = "TOCSIN_KAFKA_CA"
CERTIFICATE: Final = "TOCSIN_KAFKA_CERTIFICATE"
KEY: Final = "TOCSIN_KAFKA_KEY"
SASL: Final = "TOCSIN_KAFKA_SASL"
USERNAME: Final = "TOCSIN_KAFKA_USERNAME"
PASSWORD: Final = "TOCSIN_KAFKA_PASSWORD"  # noqa: S105 - the name of the variable, not a password
PASSWORD_FILE: Final = "TOCSIN_KAFKA_PASSWORD_FILE"  # noqa: S105 - likewise


def kafka_settings(brokers: str, prefix: str, environment: Mapping[str, str] = os.environ) -> KafkaSettings:
    """The settings for these brokers (HOST:PORT, with commas between them). Raises KafkaSettingsError."""
    bootstrap = tuple(one.strip() for one in brokers.split(",") if one.strip())
    return KafkaSettings(bootstrap, prefix, _tls(environment), _login(environment))


def _tls(environment: Mapping[str, str]) -> Tls | None:
    wanted = environment.get(TLS, "").lower()
    if wanted not in ("", "on", "off"):
        raise KafkaSettingsError(f"{TLS}: {wanted!r} is neither `on` nor `off`")
    files = [_file(environment, name) for name in (CA, CERTIFICATE, KEY)]
    if wanted == "off" or not (wanted or any(files)):
        return None
    return Tls(*files)


def _file(environment: Mapping[str, str], name: str) -> Path | None:
    given = environment.get(name)
    if not given:
        return None
    try:
        # Whether it can be read is found out now, by name: kafka-python would say it without one.
        with Path(given).open("rb"):
            return Path(given)
    except OSError as error:
        raise KafkaSettingsError(f"{name}: {given} can't be read: {error.strerror}") from None


def _login(environment: Mapping[str, str]) -> Login | None:
    mechanism, username = environment.get(SASL), environment.get(USERNAME)
    password = _password(environment)
    if not mechanism and not username and password is None:
        return None
    if not mechanism or mechanism not in tuple(Mechanism):
        raise KafkaSettingsError(f"{SASL}: {mechanism!r} is not one of {', '.join(Mechanism)}")
    if not username or password is None:
        raise KafkaSettingsError(f"{SASL} needs {USERNAME}, and {PASSWORD} or {PASSWORD_FILE}")
    return Login(Mechanism(mechanism), username, password)


def _password(environment: Mapping[str, str]) -> str | None:
    file = _file(environment, PASSWORD_FILE)
    if file is None:
        return environment.get(PASSWORD)
    return file.read_text(encoding="utf-8").rstrip("\r\n")
