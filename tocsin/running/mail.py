"""How mail leaves: the relay and who writes, from the command line and the environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from email.utils import parseaddr
from pathlib import Path
from typing import Final

from msgspec import Struct

from adapters.smtp.relay import Relay, Tls
from sender.addresses import MailIdentity

USERNAME: Final = "TOCSIN_SMTP_USERNAME"
PASSWORD: Final = "TOCSIN_SMTP_PASSWORD"  # noqa: S105 - the name of the variable, not a password
PASSWORD_FILE: Final = "TOCSIN_SMTP_PASSWORD_FILE"  # noqa: S105 - likewise


class MailSettingsError(ValueError):
    """A setting about mail that can't be used: which, and what to do."""


class RelayLimits(Struct, frozen=True):
    """How much is asked of the relay at a time, and whether plain text may go to it over a network."""

    connections: int = 8
    plain_text_allowed: bool = False


AS_A_RULE: Final = RelayLimits()


class MailSettings(Struct, frozen=True):
    """The relay, and who writes."""

    relay: Relay
    identity: MailIdentity

    @classmethod
    def of(
        cls,
        smtp: str,
        tls: str,
        sender: str,
        installation: str | None,
        fax: str | None,
        limits: RelayLimits = AS_A_RULE,
        environment: Mapping[str, str] = os.environ,
    ) -> MailSettings:
        """Read the settings. Raises MailSettingsError."""
        name, address = parseaddr(sender)
        domain = address.rpartition("@")[2]
        if not address or not domain:
            raise MailSettingsError(f"--from: {sender!r} is not of the form 'Support <support@desk.example>'")
        try:
            identity = MailIdentity(address, name, address, installation or domain, fax)
            return cls(_relay(smtp, tls, limits, environment), identity)
        except ValueError as error:
            raise MailSettingsError(str(error)) from None


def _relay(smtp: str, tls: str, limits: RelayLimits, environment: Mapping[str, str]) -> Relay:
    host, colon, port = smtp.rpartition(":")
    if not colon or not host or not port.isdigit() or not 0 < int(port) < 1 << 16:
        raise MailSettingsError(f"--smtp: {smtp!r} is not of the form HOST:PORT")
    if tls not in tuple(Tls):
        raise MailSettingsError(f"--tls: {tls!r} is not one of {', '.join(Tls)}")
    username = environment.get(USERNAME)
    password = _password(environment)
    if (username is None) != (password is None):
        raise MailSettingsError(f"{USERNAME} and {PASSWORD} belong together: give both, or neither")
    return Relay(
        host=host.strip("[]"),
        port=int(port),
        tls=Tls(tls),
        username=username,
        password=password,
        connections=limits.connections,
        plain_text_allowed=limits.plain_text_allowed,
    )


def _password(environment: Mapping[str, str]) -> str | None:
    file = environment.get(PASSWORD_FILE)
    if file is None:
        return environment.get(PASSWORD)
    try:
        return Path(file).read_text(encoding="utf-8").rstrip("\r\n")
    except OSError as error:
        raise MailSettingsError(f"{PASSWORD_FILE}: {file} can't be read: {error.strerror}") from None
