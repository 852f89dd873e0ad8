"""What all commands that deliver share: how much goes out, to whom, and how fast."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

import typer

from sender.going_live import DeliveryMode
from sender.pacing import PacingPolicy
from sender.storm import StormEnd, StormPolicy
from tocsin.running.sending import SendingSettings

ModeOption = Annotated[
    str,
    typer.Option(
        "--mode",
        envvar="TOCSIN_DELIVERY_MODE",
        help="live, hold (all waits to be released), or redirect:ADDRESS (all goes there and says for whom it is).",
    ),
]
LiveCustomerOption = Annotated[
    list[str] | None,
    typer.Option("--live-customer", help="A customer that is live already in the other modes; may be repeated."),
]
StormLimitOption = Annotated[
    int,
    typer.Option("--storm-limit", min=0, help="More messages for one mailbox within the window are held. 0: never."),
]
StormWindowOption = Annotated[
    float, typer.Option("--storm-window", min=0.1, help="Minutes, in the time of the saves, that --storm-limit is for.")
]
StormEndOption = Annotated[
    StormEnd, typer.Option("--storm-end", help="What is held goes out as one digest, or waits to be released.")
]
RateOption = Annotated[
    float | None, typer.Option("--rate", min=0.01, help="Messages a second that the relay is asked to take, at most.")
]
LedgerOption = Annotated[
    str | None,
    typer.Option(
        "--ledger", envvar="TOCSIN_LEDGER", help="A PostgreSQL database for the ledger, postgresql://…; else in --data."
    ),
]

_STORM = StormPolicy()
STORM_LIMIT = _STORM.limit
STORM_WINDOW = _STORM.window / timedelta(minutes=1)


def sending_settings(
    mode: str, live: list[str] | None, limit: int, window: float, end: StormEnd, rate: float | None
) -> SendingSettings:
    """The settings that these options make. Ends the command where they can't be used."""
    try:
        return SendingSettings(
            mode=DeliveryMode.parse(mode, live or ()),
            storm=StormPolicy(limit=limit, window=timedelta(minutes=window), end=end),
            pacing=PacingPolicy(rate=rate),
        )
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
