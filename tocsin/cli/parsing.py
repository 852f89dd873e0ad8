"""Words of a command line that stand for a time, or that are to be looked up."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

NowOption = Annotated[
    str | None,
    typer.Option("--now", help="Judge as at this time (2026-03-02T09:15:00Z), or `event`: each at its own. Else: now."),
]


def in_utf8(text: str, option: str) -> str:
    """The text. Ends the command where the shell gave bytes that are none, by which nothing can be found."""
    if not text.isprintable() and any("\ud800" <= one <= "\udfff" for one in text):
        raise typer.BadParameter(f"{text!r} is not UTF-8, and so is no id and no name", param_hint=option)
    return text


def moment_of(text: str, option: str) -> datetime:
    """The time that an option names, in UTC."""
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            raise typer.BadParameter(f"{text!r} has no offset: end it with Z or +01:00", param_hint=option)
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise typer.BadParameter(f"{text!r} is no time such as 2026-03-02T09:15:00Z", param_hint=option) from None


def moment(text: str | None) -> datetime | None:
    """The time that --now names: None for `event`. Ends the command where it is no time with an offset."""
    if text is None:
        return datetime.now(UTC)
    if text == "event":
        return None
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is neither `event` nor a time such as 2026-03-02T09:15:00Z") from None
    if time.tzinfo is None:
        raise typer.BadParameter(f"{text!r} has no offset: end it with Z or +01:00")
    try:
        return time.astimezone(UTC)
    except OverflowError:
        raise typer.BadParameter(f"{text!r} lies outside the years 1 to 9999 in UTC") from None
