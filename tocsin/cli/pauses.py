"""`tocsin pause`, `resume`, `pauses`: to keep back what goes to one customer, or is of one template."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from sender.ledger.restrictions import Pause
from sender.messages.plain_text import one_line
from tocsin.cli.console import FOUND_FAULTS, say, stop, warn
from tocsin.cli.ledger import opened_ledger
from tocsin.cli.names import Names
from tocsin.cli.options import add_command
from tocsin.config.settings.in_force import Settings
from tocsin.config.wiring.ledgers import OpenLedger
from tocsin.operations.jobs.lines import WHOLE
from tocsin.operations.jobs.outlook import time

CustomerOption = Annotated[str | None, typer.Option("--customer", help="The customer of the tickets: id or name.")]
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
    _one_of(customer, template)
    with opened_ledger(settings) as opened:
        customer = _customer(settings, opened, customer)
        opened.pause(Pause(customer, template, datetime.now(UTC), reason))
    say(f"{_named(customer, template)} is paused")


def resume(
    settings: Settings,
    customer: CustomerOption = None,
    template: TemplateOption = None,
) -> None:
    """End a pause: what it alone held goes out, unless it has expired."""
    _one_of(customer, template)
    with opened_ledger(settings) as opened:
        customer = _customer(settings, opened, customer)
        was_paused = opened.resume(customer, template, datetime.now(UTC))
    what = _named(customer, template)
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


def _one_of(customer: str | None, template: str | None) -> None:
    if (customer is None) == (template is None):
        raise typer.BadParameter("name what: either --customer or --template")


def _customer(settings: Settings, ledger: OpenLedger, text: str | None) -> str | None:
    """The id of the customer, if one was named: one that is paused need not be known any more."""
    paused = [one.customer for one in ledger.pauses() if one.customer is not None]
    return None if text is None else Names.of(settings, ledger, acts=True).customer(text, paused)


def _named(customer: str | None, template: str | None) -> str:
    return f"customer {customer}" if customer is not None else f"template {template}"
