"""How much goes out, to whom, and how fast: what `up` and `sender` are told besides where mail goes."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from msgspec import Struct, field

from sender.acceptance import AcceptanceSettings
from sender.delivery import DeliverySettings
from sender.going_live import LIVE, DeliveryMode
from sender.pacing import PacingPolicy
from sender.storm import StormPolicy

SEND_LIMIT: Final = timedelta(minutes=4)
"""Beyond all that a transport may wait for one message: a connection, what comes before the message, its reply."""

POLL_SECONDS: Final = 0.5


class SendingSettings(Struct, frozen=True):
    """Modes, storms and pace of one sender."""

    mode: DeliveryMode = LIVE
    storm: StormPolicy = field(default_factory=StormPolicy)
    pacing: PacingPolicy = field(default_factory=PacingPolicy)

    def acceptance(self) -> AcceptanceSettings:
        """How jobs are taken in."""
        return AcceptanceSettings(poll_timeout=POLL_SECONDS, storm=self.storm)

    def delivery(self) -> DeliverySettings:
        """How they are delivered."""
        return DeliverySettings(send_limit=SEND_LIMIT, lease=SEND_LIMIT * 2, storm=self.storm, pacing=self.pacing)


EVERYTHING: Final = SendingSettings()
"""Live, with the default storm breaker, as fast as the relay takes it."""
