"""Directory records as decisions read them: small, so that a million people fit into memory."""

from __future__ import annotations

from datetime import UTC, date, datetime

from msgspec import Struct

from schemas.directory import TriggerSettings
from schemas.vocabulary import Channel, ObjectKind, PersonKind, Trigger


class Mode(Struct, frozen=True, gc=False):
    """One way to reach a person."""

    channel: Channel
    address: str
    active: bool


class Person(Struct, frozen=True, gc=False):
    """A contact or collaborator. `ticks` has one bit for each trigger that the person wants."""

    kind: PersonKind
    id: str
    name: str | None
    language: str | None
    time_zone: str | None
    modes: tuple[Mode, ...]
    ticks: int
    customer: str | None = None
    acts_for: tuple[str, ...] = ()
    sites: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()

    def wants(self, trigger: Trigger) -> bool:
        """Whether the person's own tick for this trigger is on."""
        return bool(self.ticks & trigger_bit(trigger))


class Attached(Struct, frozen=True, gc=False):
    """A product, site, service or customer: an object to which people are attached."""

    id: str
    name: str | None
    contacts: tuple[str, ...]
    collaborators: tuple[str, ...]


class Customer(Attached, frozen=True, gc=False):
    """A customer. `alerts` holds a setting for each trigger, in the order of Trigger; None: not set."""

    main_site: str | None = None
    language: str | None = None
    time_zone: str | None = None
    alerts: tuple[TriggerSettings | None, ...] = ()
    tags: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()

    def alert(self, trigger: Trigger) -> TriggerSettings | None:
        """The customer's settings for this trigger."""
        return self.alerts[_INDEX[trigger]] if self.alerts else None


class Contract(Struct, frozen=True, gc=False):
    """A contract with its ticks: one bit for each enabled category (see Category.bit)."""

    id: str
    reference: str | None
    is_commitment: bool
    is_active: bool
    valid_from: date | None
    valid_to: date | None
    alerts_enabled: bool
    ticks: int
    client: str | None
    invoiced_client: str | None
    beneficiaries: tuple[str, ...]
    client_reads_beneficiaries: bool
    products: tuple[str, ...]
    sites: tuple[str, ...]
    services: tuple[str, ...]
    contacts: tuple[str, ...]
    collaborators: tuple[str, ...]
    reply_to: str | None
    tags: tuple[str, ...] = ()

    def is_in_force(self, at: datetime) -> bool:
        """Whether it is active, and this moment lies on one of its days, both ends included."""
        # Days of contracts are days in UTC, wherever the customer is, so that all engines agree.
        day = at.astimezone(UTC).date()
        too_early = self.valid_from is not None and day < self.valid_from
        too_late = self.valid_to is not None and day > self.valid_to
        return self.is_active and not too_early and not too_late

    def attached_ids(self, kind: ObjectKind) -> tuple[str, ...]:
        """The objects of this kind that are attached to the contract: of customers, its clients and beneficiaries."""
        if kind is ObjectKind.CONTRACT:
            return (self.id,)
        if kind is ObjectKind.CUSTOMER:
            named = (self.client, self.invoiced_client, *self.beneficiaries)
            return tuple(dict.fromkeys([one for one in named if one is not None]))
        attached: tuple[str, ...] = getattr(self, kind.attaching_field)
        return attached


class Suppression(Struct, frozen=True, gc=False):
    """What must not be alerted: a mailbox or a person. `triggers` None: all. Times in UTC.

    `hashes` are in place of the two where a person was forgotten, see schemas.pseudonyms.
    One whose record can't be read stands on the widest reading until it is mended.
    """

    id: str
    channel: Channel | None
    mailbox: str | None
    person: str | None
    triggers: frozenset[Trigger] | None
    until: datetime | None
    is_readable: bool = True
    hashes: tuple[str, ...] = ()

    def stands(self, now: datetime, trigger: Trigger, channel: Channel) -> bool:
        """Whether it holds back this trigger on this channel now. At `until` it has ended."""
        if self.channel is not None and self.channel is not channel:
            return False
        # A suppression of some triggers lets the others through: opting out of one is no opting out of all.
        if self.triggers is not None and trigger not in self.triggers:
            return False
        return self.until is None or now < self.until


_INDEX = {trigger: index for index, trigger in enumerate(Trigger)}


def trigger_bit(trigger: Trigger) -> int:
    """A trigger's place in a set of ticks that is kept as one integer."""
    return 1 << _INDEX[trigger]
