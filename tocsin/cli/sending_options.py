"""What all commands that deliver share: how much goes out, to whom, and how fast."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Final

import typer

from sender.delivery.pacing import PacingPolicy
from sender.delivery_mode import DeliveryMode
from sender.storms.storm import StormEnd, StormPolicy
from tocsin.cli.settled import by_default, in_force, option
from tocsin.config.settings.declared.sending import (
    DELIVERY_LEASE,
    DELIVERY_UNKNOWN_AFTER,
    LIVE_CUSTOMERS,
    MODE,
    RATE,
    STORM_END,
)
from tocsin.config.settings.declared.sending import STORM_LIMIT as LIMIT
from tocsin.config.settings.declared.sending import STORM_WINDOW as WINDOW
from tocsin.config.wiring.sending import SendingSettings

ModeOption = Annotated[str, option(MODE)]
LiveCustomerOption = Annotated[list[str] | None, option(LIVE_CUSTOMERS)]
StormLimitOption = Annotated[int, option(LIMIT)]
StormWindowOption = Annotated[float, option(WINDOW)]
StormEndOption = Annotated[StormEnd, option(STORM_END)]
RateOption = Annotated[float | None, option(RATE)]

STORM_LIMIT: Final = by_default(LIMIT)
STORM_WINDOW: Final = by_default(WINDOW)


def sending_settings(
    mode: str, live: list[str] | None, limit: int, window: float, end: StormEnd, rate: float | None
) -> SendingSettings:
    """The settings that these options make, with those in force. Ends the command where they can't be used."""
    try:
        return SendingSettings(
            mode=DeliveryMode.parse(mode, live or ()),
            storm=StormPolicy(limit=limit, window=timedelta(minutes=window), end=end),
            pacing=PacingPolicy(rate=rate),
            lease=timedelta(minutes=in_force().given(DELIVERY_LEASE)),
            unknown_after=timedelta(minutes=in_force().given(DELIVERY_UNKNOWN_AFTER)),
        )
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
