"""How messages leave: the relay, who writes and other services, from the settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from adapters.smtp.relay import Relay
from adapters.smtp.tls import CertificatesError, context_trusting
from adapters.smtp.transport import SmtpTransport
from adapters.writing.composer import ChildComposer
from adapters.writing.protocol import Stationery
from schemas.vocabulary import Channel
from sender.delivery.transports import Transports
from sender.delivery_mode import DeliveryMode
from sender.messages.addresses import MailIdentity
from sender.messages.composer import NO_OPT_OUT, Drafts
from sender.messages.fax import AS_TEXT, FaxForm
from sender.messages.short_form import TextLimits
from sender.ports import OutgoingText, Transport
from sender.proof import TOKEN_PLACE
from sender.suppressions.opt_out import OptOut
from tocsin.config.settings.declared.mail import (
    CHAT_LENGTH,
    FAX,
    FAX_PDF,
    FAX_SUBJECT,
    FROM,
    INSTALLATION,
    MAIL_SECRETS,
    RETURN_PATH,
    SMS_SEGMENTS,
    SMTP,
    SMTP_CA,
    SMTP_CONNECTIONS,
    SMTP_HELLO,
    SMTP_PASSWORD,
    SMTP_PLAIN_TEXT,
    SMTP_TLS,
    SMTP_USERNAME,
)
from tocsin.config.settings.faults import SettingsError
from tocsin.config.settings.forms import host_and_port, writer
from tocsin.config.settings.in_force import Settings
from tocsin.config.wiring.named_fields import Fields, named_fields
from tocsin.config.wiring.opt_out import opt_out_settings
from tocsin.config.wiring.signing import expected_secrets
from tocsin.config.wiring.texts import text_transports

_FIELDS: Final[Fields] = {
    "envelope_from": RETURN_PATH,
    "from_address": FROM,
    "installation": INSTALLATION,
    "fax_pattern": FAX,
    "username": SMTP_USERNAME,
    "tls": SMTP_TLS,
}
"""Which setting a part means that refuses its field."""


class MailSettings(Struct, frozen=True):
    """The relay, who writes, the services of channels that are no mail, and the form of messages."""

    relay: Relay
    identity: MailIdentity
    texts: Mapping[Channel, Transport[OutgoingText]] = {}
    opt_out: OptOut = NO_OPT_OUT
    fax_subject: str = AS_TEXT.subject
    fax_pdf: bool = False
    text_limits: TextLimits = TextLimits()

    @classmethod
    def of(cls, settings: Settings) -> MailSettings:
        """What these settings say of mail, where they name who writes. Raises SettingsError.

        What can't be used is refused before a data folder gets a secret; that comes by `signed_by`.
        """
        with named_fields(settings, _FIELDS, FROM):
            name, address = writer(settings.given(FROM))
        with named_fields(settings, _FIELDS, SMTP):
            host, port = host_and_port(settings.given(SMTP))
        with named_fields(settings, _FIELDS, SMTP_TLS):
            bounces = settings[RETURN_PATH] or address
            installation = settings[INSTALLATION] or address.rpartition("@")[2]
            identity = MailIdentity(bounces, name, address, installation, settings[FAX])
            relay = _relay(host, port, settings)
        texts = text_transports(settings)
        secrets = expected_secrets(settings)
        if not secrets and TOKEN_PLACE in identity.envelope_from:
            problem = f"{TOKEN_PLACE} is signed with a secret: it needs {MAIL_SECRETS.names}"
            raise SettingsError.at(settings.named(RETURN_PATH), problem)
        opt_out = opt_out_settings(settings, secrets)
        with named_fields(settings, _FIELDS, FAX_SUBJECT):
            form = FaxForm(settings.given(FAX_SUBJECT))
        limits = TextLimits(settings.given(SMS_SEGMENTS), settings.given(CHAT_LENGTH))
        made = cls(relay, identity, texts, opt_out, form.subject, settings.given(FAX_PDF), limits)
        return made.signed_by(secrets)

    def signed_by(self, secrets: Sequence[str]) -> MailSettings:
        """The same with ids, return paths and links that are signed by the first of these secrets."""
        identity = replace(self.identity, secrets=tuple(secrets))
        return replace(self, identity=identity, opt_out=replace(self.opt_out, secrets=tuple(secrets)))

    def composer(self, mode: DeliveryMode) -> ChildComposer:
        """What writes messages in this form. To be closed at the end."""
        stationery = Stationery(self.identity, mode, self.fax_subject, self.text_limits)
        drafts = Drafts(self.identity, mode, self.opt_out, self.text_limits)
        return ChildComposer(drafts, stationery, draws_pages=self.fax_pdf)

    def transport(self) -> Transports:
        """The way of every message. To be closed at the end."""
        return Transports(SmtpTransport(self.relay), self.texts)


def mail_in(settings: Settings) -> MailSettings | None:
    """The settings where it is said who writes, else None. Raises SettingsError."""
    return None if settings.get(FROM) is None else MailSettings.of(settings)


def _relay(host: str, port: int, settings: Settings) -> Relay:
    username, password = settings[SMTP_USERNAME], settings[SMTP_PASSWORD]
    if (username is None) != (password is None):
        given, missing = (SMTP_PASSWORD, SMTP_USERNAME) if username is None else (SMTP_USERNAME, SMTP_PASSWORD)
        raise SettingsError.at(settings.named(given), f"a login needs {missing.names} as well")
    authorities = settings[SMTP_CA]
    try:
        # Read now, so that a wrong file is named at the start and not with each message.
        context = None if authorities is None else context_trusting(authorities)
    except CertificatesError as error:
        raise SettingsError.at(settings.named(SMTP_CA), error) from None
    return Relay(
        host=host,
        port=port,
        tls=settings.given(SMTP_TLS),
        username=username,
        password=password,
        hello=settings[SMTP_HELLO],
        tls_context=context,
        connections=settings.given(SMTP_CONNECTIONS),
        plain_text_allowed=settings.given(SMTP_PLAIN_TEXT),
    )
