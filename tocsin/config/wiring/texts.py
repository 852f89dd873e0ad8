"""How SMS and chats leave: the services of these channels, from the settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from schemas.vocabulary import Channel
from tocsin.config.settings.declared.mail import CHAT, SMS
from tocsin.config.settings.faults import SettingsError
from tocsin.config.settings.in_force import Settings

if TYPE_CHECKING:
    from adapters.apprise.transport import AppriseTransport

SERVICES: Final = {Channel.SMS: SMS, Channel.CHAT: CHAT}


def text_transports(settings: Settings) -> dict[Channel, AppriseTransport]:
    """A transport for each channel that has a service. Raises SettingsError, which never shows a URL."""
    patterns = {channel: (settings[setting] or "").strip() for channel, setting in SERVICES.items()}
    return {
        channel: _transport(settings.named(SERVICES[channel]), pattern)
        for channel, pattern in patterns.items()
        if pattern
    }


def _transport(where: str, pattern: str) -> AppriseTransport:
    # It reads the code of more than a hundred services, which most installations have no use for.
    from adapters.apprise.service import Service, ServiceError  # noqa: PLC0415
    from adapters.apprise.transport import AppriseTransport  # noqa: PLC0415

    try:
        return AppriseTransport(Service(pattern))
    except ServiceError as error:
        raise SettingsError.at(where, error) from None
