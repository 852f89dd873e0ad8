"""`tocsin explain`: who got what and why, or who would: two questions behind one command, told apart here."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from tocsin.cli.explain_ahead import Asking, look_ahead
from tocsin.cli.explain_past import look_back
from tocsin.cli.options import KAFKA_CREDENTIALS, Form, add_command
from tocsin.cli.parsing import NowOption
from tocsin.config.settings.declared.kafka import KAFKA
from tocsin.config.settings.declared.processes import DATA, DIRECTORY, RULES
from tocsin.config.settings.in_force import Settings


def register(app: typer.Typer) -> None:
    """Add the command."""
    forms = (
        Form(DIRECTORY, ("-d",), "The directory's records. For what was decided: only to name people."),
        Form(RULES, ("-r",)),
        Form(DATA, meaning="Data folder of `tocsin up`; with --kafka: of the sender, for what became of messages."),
    )
    add_command(app, "explain", explain, *forms, epilog=KAFKA_CREDENTIALS)


def explain(
    settings: Settings,
    asking: Asking,
    asked: Annotated[
        str | None,
        typer.Argument(
            help="A ticket's id or reference, or an event's id, for what was decided; or a file, as --event."
        ),
    ] = None,
    event: Annotated[
        Path | None, typer.Option("--event", "-e", help="File with an event that may come; `-`: standard input.")
    ] = None,
    now: NowOption = "event",
    since: Annotated[
        str, typer.Option("--since", help="How far to look back: 7d, 12h, 30m, or a time (2026-03-02T09:15:00Z).")
    ] = "7d",
) -> None:
    """Say who got what because of a ticket's events, and why others did not: what was decided, or would be.

    What was decided: `tocsin explain T-1042` answers from the decisions that were kept when they were made, on Kafka
    or in the data folder of `tocsin up`, whatever directory and rules say today, with what became of each message.

    What would be decided: `tocsin explain --event event.json` decides about an event that may come. For everyone who
    would not be alerted it names the smallest set of changes with which they would: record, field and value. The event
    is judged as at its own time: --now 2026-03-02T09:15:00Z judges it as at another.

    Both begin with a summary: who is told, who is not, and the main reasons by count. --details adds every save and
    every person; --person shows all about one.
    """
    if asked is not None and event is None and _is_about_the_past(asked, settings):
        look_back(settings, asked, since, asking)
    else:
        look_ahead(settings, _event_file(settings, asked, event), now, asking)


def _is_about_the_past(asked: str, settings: Settings) -> bool:
    """Whether a word is an id. Where no place of decisions is named beside it, a file that there is comes first."""
    if settings.is_named(KAFKA) or settings.is_named(DATA):
        return True
    return (settings[KAFKA] is not None or settings[DATA] is not None) and not _is_file(asked)


def _is_file(asked: str) -> bool:
    # A pipe is one as well, and an id may be longer than the name of a file.
    return asked == "-" or (os.path.exists(asked) and not os.path.isdir(asked))  # noqa: PTH110, PTH112


def _event_file(settings: Settings, asked: str | None, event: Path | None) -> Path:
    if event is not None:
        if asked is not None or settings.is_named(KAFKA) or settings.is_named(DATA):
            raise typer.BadParameter("name a ticket or an event by its id, or a file with an event (--event), not both")
        return event
    if asked is None:
        raise typer.BadParameter("name a ticket's id, or an event's; or a file with an event that may come (--event)")
    if not _is_file(asked):
        raise typer.BadParameter(
            f"there is no file {asked!r}; if it is an id, say where decisions are kept: {KAFKA.names}, or {DATA.names}"
        )
    return Path(asked)
