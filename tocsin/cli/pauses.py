"""`tocsin pause`, `resume`, `pauses`: to keep back what goes to one customer, or is of one template."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from sender.ledger.restrictions import Pause
from sender.messages.plain_text import one_line
from tocsin.cli.console import FOUND_FAULTS, say, stop, warn
from tocsin.cli.ledger import opened_ledger
from tocsin.cli.options import add_command
from tocsin.config.settings.in_force import Settings
from tocsin.operations.jobs.lines import WHOLE
from tocsin.operations.jobs.outlook import time

CustomerOption = Annotated[str | None, typer.Option("--customer", help="The customer of the tickets.")]
TemplateOption = Annotated[str | None, typer.Option("--template", help="The template, external/opened.")]


def register(app: typer.Typer) -> None:
    """Add the commands. They work while a sender runs, and are seen by all senders on the ledger."""
    for command in (pause, resume, pauses):
        add_command(app, command.__name__, command)


def pause(
    settings: Settings,
    customer: CustomerOption = None,
    template: TemplateOption = None,
    reason: Annotated[str, typer.Option("--reason", help="For whoever asks later.")] = "",
) -> None:
    """Hold what is about one customer, or of one template, from now on; what is being sent is finished."""
    what = _named(customer, template)
    with opened_ledger(settings) as opened:
        opened.pause(Pause(customer, template, datetime.now(UTC), reason))
    say(f"{what} is paused")


def resume(
    settings: Settings,
    customer: CustomerOption = None,
    template: TemplateOption = None,
) -> None:
    """End a pause: what it alone held goes out, unless it has expired."""
    what = _named(customer, template)
    with opened_ledger(settings) as opened:
        was_paused = opened.resume(customer, template, datetime.now(UTC))
    if not was_paused:
        stop(f"{what} is not paused: tocsin pauses", FOUND_FAULTS)
    say(f"{what} is resumed")


def pauses(settings: Settings) -> None:
    """List the pauses, the oldest first."""
    with opened_ledger(settings) as opened:
        found = opened.pauses()
    for one in found:
        what = _named(one.customer, one.template)
        say(f"{what}  since {time(one.since)}" + (f"  {one_line(one.reason, WHOLE)}" if one.reason else ""))
    warn(f"{len(found)} pauses")


def _named(customer: str | None, template: str | None) -> str:
    if (customer is None) == (template is None):
        raise typer.BadParameter("name what: either --customer or --template")
    return f"customer {customer}" if customer is not None else f"template {template}"
