"""Which jobs a command is about: by id, or by what is known of them."""

from __future__ import annotations

from typing import Annotated

import typer
from msgspec import Struct

from sender.records import Selection
from sender.states import Hold, State
from tocsin.cli.parsing import moment_of, person_of


class JobFilters(Struct, frozen=True):
    """What jobs have in common that a command is about; every filter that is given narrows them."""

    ticket: Annotated[str | None, typer.Option("--ticket", help="Jobs about this ticket.")] = None
    person: Annotated[str | None, typer.Option("--person", help="Jobs to this person, contact/ct-1.")] = None
    state: Annotated[list[State] | None, typer.Option("--state", help="Jobs in this state; may be repeated.")] = None
    hold: Annotated[Hold | None, typer.Option("--hold", help="Jobs that are held by this.")] = None
    customer: Annotated[str | None, typer.Option("--customer", help="Jobs about tickets of this customer.")] = None
    template: Annotated[str | None, typer.Option("--template", help="Jobs of this template, external/opened.")] = None
    since: Annotated[
        str | None, typer.Option("--since", help="Jobs accepted from this time on, 2026-03-02T09:15:00Z.")
    ] = None
    until: Annotated[str | None, typer.Option("--until", help="Jobs accepted before this time.")] = None

    def selection(self) -> Selection:
        """What they select. Ends the command where one is none."""
        return Selection(
            ticket=self.ticket,
            person=None if self.person is None else person_of(self.person),
            states=frozenset(self.state or ()),
            hold=self.hold,
            customer=self.customer,
            template=self.template,
            since=None if self.since is None else moment_of(self.since, "--since"),
            until=None if self.until is None else moment_of(self.until, "--until"),
        )
