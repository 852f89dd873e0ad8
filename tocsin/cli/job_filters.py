"""Which jobs a command is about: by id, or by what is known of them."""

from __future__ import annotations

from typing import Annotated

import typer
from msgspec import Struct
from msgspec.structs import replace

from sender.records import Selection
from sender.states import Hold, State
from tocsin.cli.names import Names
from tocsin.cli.parsing import moment_of


class JobFilters(Struct, frozen=True):
    """What jobs have in common that a command is about; every filter that is given narrows them."""

    ticket: Annotated[
        str | None, typer.Option("--ticket", help="Jobs about this ticket: its id, or its reference.")
    ] = None
    person: Annotated[
        str | None, typer.Option("--person", help="Jobs to this person: contact/ct-1, id, name or address.")
    ] = None
    state: Annotated[list[State] | None, typer.Option("--state", help="Jobs in this state; may be repeated.")] = None
    hold: Annotated[Hold | None, typer.Option("--hold", help="Jobs that are held by this.")] = None
    customer: Annotated[
        str | None, typer.Option("--customer", help="Jobs about tickets of this customer: id or name.")
    ] = None
    template: Annotated[str | None, typer.Option("--template", help="Jobs of this template, external/opened.")] = None
    since: Annotated[
        str | None, typer.Option("--since", help="Jobs accepted from this time on, 2026-03-02T09:15:00Z.")
    ] = None
    until: Annotated[str | None, typer.Option("--until", help="Jobs accepted before this time.")] = None

    def plain(self) -> Selection:
        """What they select besides a ticket, a person and a customer. Ends the command where one is no filter."""
        return Selection(
            states=frozenset(self.state or ()),
            hold=self.hold,
            template=self.template,
            since=None if self.since is None else moment_of(self.since, "--since"),
            until=None if self.until is None else moment_of(self.until, "--until"),
        )

    def selection(self, names: Names) -> Selection:
        """All that they select. Ends the command where one is no filter, or means several."""
        return replace(
            self.plain(),
            ticket=None if self.ticket is None else names.ticket(self.ticket),
            person=None if self.person is None else names.reader(self.person),
            customer=None if self.customer is None else names.customer(self.customer),
        )
