"""How messages leave: the relay, who writes and other services, from the command line and the environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from email.utils import parseaddr
from pathlib import Path
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from adapters.smtp.relay import Relay, Tls
from adapters.smtp.transport import SmtpTransport
from schemas.vocabulary import Channel
from sender.addresses import MailIdentity
from sender.composer import NO_OPT_OUT, MessageComposer
from sender.fax import AS_TEXT, FaxForm, FaxPages
from sender.going_live import DeliveryMode
from sender.opt_out import OptOut
from sender.ports import OutgoingText, Renderer, Transport
from sender.transports import Transports
from tocsin.running.opt_out import OptOutSettingsError, opt_out_settings
from tocsin.running.texts import text_transports

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
    """The relay, who writes, the services of channels that are no mail, and the form of messages."""

    relay: Relay
    identity: MailIdentity
    texts: Mapping[Channel, Transport[OutgoingText]] = {}
    opt_out: OptOut = NO_OPT_OUT
    fax: FaxForm = AS_TEXT

    @classmethod
    def of(
        cls,
        smtp: str,
        tls: str,
        sender: str,
        installation: str | None,
        fax: str | None,
        environment: Mapping[str, str] = os.environ,
        limits: RelayLimits = AS_A_RULE,
    ) -> MailSettings:
        """Read the settings. Raises MailSettingsError."""
        name, address = parseaddr(sender)
        domain = address.rpartition("@")[2]
        if not address or not domain:
            raise MailSettingsError(f"--from: {sender!r} is not of the form 'Support <support@desk.example>'")
        try:
            identity = MailIdentity(address, name, address, installation or domain, fax)
            return cls(_relay(smtp, tls, limits, environment), identity, text_transports(environment))
        except ValueError as error:
            raise MailSettingsError(str(error)) from None

    def with_forms(
        self,
        opt_out_url: str | None,
        opt_out_mailto: str | None,
        fax_subject: str,
        fax_pdf: bool,
        environment: Mapping[str, str] = os.environ,
    ) -> MailSettings:
        """The same with these links to opt out, and this form of faxes. Raises MailSettingsError."""
        try:
            opt_out = opt_out_settings(opt_out_url, opt_out_mailto, environment)
            fax = FaxForm(fax_subject, _pages() if fax_pdf else None)
        except OptOutSettingsError as error:
            raise MailSettingsError(str(error)) from None
        except ValueError as error:
            raise MailSettingsError(f"--fax-subject: {error}") from None
        return replace(self, opt_out=opt_out, fax=fax)

    def composer(self, renderer: Renderer, mode: DeliveryMode) -> MessageComposer:
        """What writes messages in this form."""
        return MessageComposer(renderer, self.identity, mode, self.opt_out, self.fax)

    def transport(self) -> Transports:
        """The way of every message. To be closed at the end."""
        return Transports(SmtpTransport(self.relay), self.texts)


def _pages() -> FaxPages:
    # Its fonts take a second to be read, and most installations draw no faxes.
    from adapters.fax.pages import PdfPages  # noqa: PLC0415

    return PdfPages()


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
