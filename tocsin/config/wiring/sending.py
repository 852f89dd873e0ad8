"""How much goes out, to whom, and how fast: what `up` and `sender` are told besides where mail goes."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from msgspec import Struct, field

from sender.acceptance import AcceptanceSettings
from sender.delivery.loop import DeliverySettings
from sender.delivery.pacing import PacingPolicy
from sender.delivery.retry import RetryPolicy
from sender.delivery_mode import LIVE, DeliveryMode
from sender.storms.storm import StormPolicy

SEND_LIMIT: Final = timedelta(minutes=4)
"""Beyond all that a transport may wait for one message: a connection, what comes before the message, its reply."""

LEASE: Final = SEND_LIMIT * 2
"""How long a job belongs to the sender that claimed it, unless it is told otherwise."""
POLL_SECONDS: Final = 0.5

_RETRY: Final = RetryPolicy()
UNKNOWN_AFTER: Final = _RETRY.unknown_delay


class SendingSettings(Struct, frozen=True):
    """Modes, storms, pace and patience of one sender.

    `lease` is how long a job belongs to it, `unknown_after` the wait after a try that may have arrived.
    """

    mode: DeliveryMode = LIVE
    storm: StormPolicy = field(default_factory=StormPolicy)
    pacing: PacingPolicy = field(default_factory=PacingPolicy)
    lease: timedelta = LEASE
    unknown_after: timedelta = UNKNOWN_AFTER

    def acceptance(self) -> AcceptanceSettings:
        """How jobs are taken in."""
        return AcceptanceSettings(poll_timeout=POLL_SECONDS, storm=self.storm)

    def delivery(self) -> DeliverySettings:
        """How they are delivered."""
        # What was put off never waits longer than what may have arrived.
        longest = min(_RETRY.longest_delay, self.unknown_after)
        retry = RetryPolicy(longest_delay=longest, unknown_delay=self.unknown_after)
        return DeliverySettings(
            send_limit=SEND_LIMIT, lease=self.lease, retry=retry, storm=self.storm, pacing=self.pacing
        )


EVERYTHING: Final = SendingSettings()
"""Live, with the default storm breaker, as fast as the relay takes it."""
