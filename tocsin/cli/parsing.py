"""Words of a command line that stand for a person or a time."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from schemas.job import PersonRef
from schemas.vocabulary import PersonKind

NowOption = Annotated[
    str | None,
    typer.Option("--now", help="Judge as at this time (2026-03-02T09:15:00Z), or `event`: each at its own. Else: now."),
]


def person_of(text: str) -> PersonRef:
    """The person that is written as contact/ct-1 or collaborator/co-1."""
    kind, slash, name = text.partition("/")
    if not slash or not name or kind not in tuple(PersonKind):
        raise typer.BadParameter(f"{text!r} is not of the form contact/ID or collaborator/ID", param_hint="--person")
    if not name.isprintable() and any("\ud800" <= one <= "\udfff" for one in name):
        raise typer.BadParameter(f"{text!r} is not UTF-8, and so is no id", param_hint="--person")
    return PersonRef(PersonKind(kind), name)


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
