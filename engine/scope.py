"""One save, and all that a decision about it reads."""

from __future__ import annotations

from datetime import datetime

from msgspec import UNSET, Struct

from engine.directory.directory import Directory
from engine.directory.records import Contract, Customer
from engine.rulebook.rulebook import Policy, Rulebook
from schemas.event import Event
from schemas.vocabulary import Trigger


class Scope(Struct, frozen=True):
    """A save that may alert: it raised `triggers` (the most telling first) under a contract in force.

    `customer` is the record of the ticket's customer; a ticket without one counts as the contract client's.
    """

    event: Event
    now: datetime
    triggers: tuple[Trigger, ...]
    contract: Contract
    customer_id: str | None
    customer: Customer | None
    directory: Directory
    rulebook: Rulebook

    @property
    def policy(self) -> Policy:
        """The settings in force."""
        return self.rulebook.policy

    @property
    def customer_is_unreadable(self) -> bool:
        """Whether the record of the ticket's customer is there, and can't be read."""
        if self.customer is not None or self.customer_id is None:
            return False
        return self.directory.is_unreadable("customer", self.customer_id)

    @property
    def status_before(self) -> str | None:
        """The status before the save; None at creation, or where the platform does not say."""
        previous = self.event.previous
        if previous is None:
            return None
        return self.event.ticket.status if previous.status is UNSET else previous.status
