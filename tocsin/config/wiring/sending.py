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
from tocsin.config.settings.declared.sending import (
    DELIVERY_LEASE,
    DELIVERY_UNKNOWN_AFTER,
    LIVE_CUSTOMERS,
    MODE,
    RATE,
    SEND_LIMIT,
    STORM_END,
    STORM_LIMIT,
    STORM_WINDOW,
)
from tocsin.config.settings.in_force import Settings
from tocsin.config.wiring.outcomes import OutcomeSettings

POLL_SECONDS: Final = 0.5

_RETRY: Final = RetryPolicy()


class SendingSettings(Struct, frozen=True):
    """Modes, storms, pace and patience of one sender.

    `lease` is how long a job belongs to it, `unknown_after` the wait after a try that may have arrived; `outcomes` says
    who is told of what became of them (None: nobody).
    """

    mode: DeliveryMode = LIVE
    storm: StormPolicy = field(default_factory=StormPolicy)
    pacing: PacingPolicy = field(default_factory=PacingPolicy)
    lease: timedelta = SEND_LIMIT * 2
    unknown_after: timedelta = _RETRY.unknown_delay
    outcomes: OutcomeSettings | None = None

    @classmethod
    def of(cls, settings: Settings) -> SendingSettings:
        """What these settings say. Raises SettingsError and FaultyFileError."""
        live_customers = settings.given(LIVE_CUSTOMERS)
        return cls(
            mode=DeliveryMode.parse(settings.given(MODE), live_customers),
            storm=StormPolicy(
                limit=settings.given(STORM_LIMIT),
                window=timedelta(minutes=settings.given(STORM_WINDOW)),
                end=settings.given(STORM_END),
            ),
            pacing=PacingPolicy(rate=settings[RATE]),
            lease=timedelta(minutes=settings.given(DELIVERY_LEASE)),
            unknown_after=timedelta(minutes=settings.given(DELIVERY_UNKNOWN_AFTER)),
            outcomes=OutcomeSettings.of(settings),
        )

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
