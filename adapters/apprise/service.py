"""A service that Apprise knows: the URL by which it is asked, and what it made of a message."""

from __future__ import annotations

import logging
import re
from typing import Final
from urllib.parse import quote, unquote

import apprise
from apprise import Apprise, AppriseAsset, AppriseResult, AppriseResultStatus
from msgspec import Struct

from schemas.errors import WrongSettingError
from schemas.mailbox import address_fault
from sender.ports import OutgoingText
from sender.replies.reply import Reply, ReplyKind

PLACE: Final = "{address}"
SAMPLES: Final = ("+33123456789", "alerts", "#alerts", "@alerts", "123456789")
"""Addresses of which a service takes at least one."""

SHORTEST_SECRET: Final = 6
HIDDEN: Final = "***"

# Apprise's lines hold addresses, and those of the library below it credentials: they are no part of this program's log.
# Apprise's are kept with each message; at this level they tell a connection that was never made from one that was lost.
apprise.logger.propagate = False
apprise.logger.setLevel(logging.DEBUG)
logging.getLogger("urllib3").setLevel(logging.ERROR)

_ASSET: Final = AppriseAsset(async_mode=False, storage_mode="memory")
"""In the calling thread, and without files of its own."""

_BEFORE_SENDING: Final = re.compile(
    r"NewConnectionError|ConnectTimeout|NameResolutionError|SSLError|ProxyError|Failed to establish a new connection"
)
"""What requests says of a connection that was never made, so that nothing can have been handed over."""

_FAILED: Final = re.compile(r"[\w ]*Exception")
"""How a line of debugging begins that tells that the connection, or the service's own code, failed in the midst."""


class ServiceError(WrongSettingError, ValueError):
    """A URL that can't be used. It holds credentials, so this names none of it."""


class Service(Struct, frozen=True):
    """A service. `pattern` is Apprise's URL with `{address}` where the recipient stands: a secret, never to be shown.

    Raises ServiceError where it is none.
    """

    pattern: str

    def __post_init__(self) -> None:
        """Refuse what would make every message unusable."""
        if self.pattern.count(PLACE) != 1:
            raise ServiceError(f"it needs {PLACE} once, where the recipient's address is to stand")
        if all(self._at(sample) is None for sample in SAMPLES):
            raise ServiceError("Apprise knows no service of this URL: see its list of services and their URLs")

    def __repr__(self) -> str:
        return "Service()"  # without its secret

    def ask(self, message: OutgoingText) -> Reply:
        """Hand over one message; blocks until the service has answered, or its connection is given up."""
        fit = address_fault(message.channel, message.recipient) is None
        service = self._at(message.recipient) if fit else None
        if service is None:
            return Reply(ReplyKind.REFUSED, None, "the recipient is no address of this service, so it was not asked")
        result = service.notify(message.text, message.subject, body_format="text", log_level=logging.DEBUG)
        return self._reply(result)

    def _at(self, address: str) -> Apprise | None:
        service = Apprise(asset=_ASSET)
        return service if service.add(self.pattern.replace(PLACE, quote(address, safe=""))) else None

    def _reply(self, result: AppriseResult) -> Reply:
        """Apprise itself says only yes or no; its log tells whether anything may have been handed over."""
        if result:
            return Reply(ReplyKind.ACCEPTED, None, "the service took it")
        lines = list(result.logs())
        failures = [line.message for line in lines if line.level == "DEBUG" and _FAILED.match(line.message)]
        words = "; ".join(line.message for line in lines if line.level not in ("DEBUG", "TRACE", "INFO"))
        in_doubt = any(_BEFORE_SENDING.search(failure) is None for failure in failures)
        kind = ReplyKind.UNKNOWN if in_doubt or _timed_out(result) else ReplyKind.DEFERRED
        return Reply(kind, None, self._without_secrets(words) or "the service did not say why it failed")

    def _without_secrets(self, words: str) -> str:
        """The words without any part of the URL that may be a credential."""
        for part in re.split(r"[:/@?&=]|\{address\}", self.pattern):
            for spelling in {part, unquote(part)}:
                if len(spelling) >= SHORTEST_SECRET:
                    words = words.replace(spelling, HIDDEN)
        return words


def _timed_out(result: AppriseResult) -> bool:
    return bool(result.status == AppriseResultStatus.TIMEOUT)
