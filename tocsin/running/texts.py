"""How SMS and chats leave: the services of these channels, from the environment."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from schemas.vocabulary import Channel

if TYPE_CHECKING:
    from adapters.apprise.transport import AppriseTransport

APPRISE: Final = {Channel.SMS: "TOCSIN_APPRISE_SMS", Channel.CHAT: "TOCSIN_APPRISE_CHAT"}
FILE: Final = "_FILE"
"""Behind a name: a file that holds the value."""


class TextSettingsError(ValueError):
    """A setting about SMS or chats that can't be used: which, and what to do. It never shows the value."""


def text_transports(environment: Mapping[str, str]) -> dict[Channel, AppriseTransport]:
    """A transport for each channel that has a service. Raises TextSettingsError."""
    patterns = {channel: _value(environment, name) for channel, name in APPRISE.items()}
    return {channel: _transport(APPRISE[channel], pattern) for channel, pattern in patterns.items() if pattern}


def _transport(name: str, pattern: str) -> AppriseTransport:
    # It reads the code of more than a hundred services, which most installations have no use for.
    from adapters.apprise.service import Service, ServiceError  # noqa: PLC0415
    from adapters.apprise.transport import AppriseTransport  # noqa: PLC0415

    try:
        return AppriseTransport(Service(pattern))
    except ServiceError as error:
        raise TextSettingsError(f"{name}: {error}") from None


def _value(environment: Mapping[str, str], name: str) -> str | None:
    file = environment.get(name + FILE)
    if not file:
        return environment.get(name)
    try:
        return Path(file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise TextSettingsError(f"{name}{FILE}: {file} can't be read: {reason}") from None
