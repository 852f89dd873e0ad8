"""One save, the ten recipient categories, and the people in them."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from tests.support.oracle.reading import AUDIENCES, CHANNELS, KINDS, Record, is_good_mode, moment

Person = tuple[str, str]
Labels = dict[str, str | dict[str, str]]


@dataclass(frozen=True)
class Settings:
    """What a rule file can set beside its rules; the defaults are those of a rule file that sets nothing."""

    when_unnamed: frozenset[str] = frozenset()
    status_labels: Labels = field(default_factory=dict)
    main_site: str = "all"
    stale_hours: float = 72
    default_language: str = "en"
    rules: tuple[dict[str, Any], ...] = ()
    languages: tuple[str, ...] = ("en", "fr")


@dataclass(frozen=True)
class Save:
    """One save of a ticket, and everything that may be known when it is decided."""

    event: Record
    known: dict[tuple[str, str], Record]
    unreadable: dict[tuple[str, str], Record]
    now: datetime
    settings: Settings

    @property
    def data(self) -> Record:
        """The event's own content."""
        return self.event["data"]  # type: ignore[no-any-return]

    @property
    def ticket(self) -> Record:
        """The ticket as it is now."""
        return self.data["ticket"]  # type: ignore[no-any-return]

    @property
    def contract(self) -> Record:
        """The ticket's contract; only to be asked once the gates of the event hold."""
        return self.known["contract", self.ticket["contract"]]

    @property
    def time(self) -> datetime:
        """When the platform says that it happened; without a word from it, now."""
        return moment(self.event["time"]) if self.event.get("time") else self.now.astimezone(UTC)

    @property
    def customer(self) -> str:
        """The customer whose ticket it is; one without a customer counts as the contract client's."""
        return self.ticket["customer"] or self.contract["client"]  # type: ignore[no-any-return]


@dataclass(frozen=True)
class Category:
    """One of the ten recipient categories."""

    kind: str
    audience: str

    @property
    def name(self) -> str:
        """As decisions write it."""
        return f"{self.kind}.{self.audience}"

    @property
    def rule(self) -> str:
        """The default rule that its tick puts in force."""
        return f"{self.kind}-{self.audience}"


CATEGORIES = [Category(kind, audience) for kind in KINDS for audience in AUDIENCES]


def named_object(save: Save, kind: str) -> str | None:
    """The object of this kind that the ticket itself names."""
    return save.ticket.get(kind)


def is_attached(save: Save, kind: str, name: str) -> bool:
    """Whether the contract's own lists say that the object belongs to it."""
    contract = save.contract
    if kind == "contract":
        return True
    if kind == "customer":
        clients = [
            contract["client"],
            contract.get("invoiced_client"),
            *(contract.get("beneficiaries") or []),
        ]
        return name in clients
    return name in (contract.get(f"{kind}s") or [])


def objects_meant(save: Save, kind: str) -> list[str]:
    """The ids of the attached objects to which a category of this kind leads, known or not."""
    named = named_object(save, kind)
    meant = [] if named is None else [named]
    if kind == "customer":
        meant.append(save.contract["client"])
    elif named is None and kind not in save.settings.when_unnamed:
        meant = list(save.contract.get(f"{kind}s") or [])
    return [name for name in meant if is_attached(save, kind, name)]


def people_in(save: Save, category: Category) -> list[Person]:
    """Everyone whom the objects of a category list for its audience, whether the tick is on or not."""
    people: list[Person] = []
    for name in objects_meant(save, category.kind):
        record = save.known.get((category.kind, name), {})
        listed = record.get(category.audience) or []
        people += [(category.audience.removesuffix("s"), person) for person in listed]
    return list(dict.fromkeys(people))


def is_on(save: Save, category: Category) -> bool:
    """Whether the contract ticks the category; what it does not mention is off."""
    ticks = (save.contract.get("recipients") or {}).get(category.kind) or {}
    return ticks.get(category.audience) is True


def why_object_leads_nowhere(save: Save, category: Category) -> str | None:
    """Why the object that the ticket names leads to nobody, or None where it leads on or none is named."""
    named = named_object(save, category.kind)
    if named is None:
        return None
    attached = is_attached(save, category.kind, named)
    if attached and (category.kind, named) in save.known:
        return None
    if attached and (category.kind, named) in save.unreadable and is_on(save, category):
        return None  # it is one of unreadable_objects
    if not is_on(save, category):
        return "category_off"
    return "object_unknown" if attached else "object_not_attached"


def unreadable_objects(save: Save, category: Category) -> list[str]:
    """The objects that a category which is on would lead to, if they could be read."""
    if not is_on(save, category):
        return []
    meant = dict.fromkeys(objects_meant(save, category.kind))
    return [f"{category.kind}/{name}" for name in meant if (category.kind, name) in save.unreadable]


@dataclass(frozen=True)
class Attempt:
    """One person in one category, for one trigger, on one mode of one channel (or on a channel without)."""

    save: Save
    category: Category
    person: Person
    trigger: str
    channel: str
    mode: Record | None

    @property
    def is_contact(self) -> bool:
        """Contacts are external; the others are collaborators."""
        return self.person[0] == "contact"

    @property
    def record(self) -> Record:
        """The person's record; empty for someone unknown."""
        return self.save.known.get(self.person, {})

    @cached_property
    def ways(self) -> list[Category]:
        """The categories that are on and that lead to this person."""
        mine = [category for category in CATEGORIES if category.audience == self.category.audience]
        return [one for one in mine if is_on(self.save, one) and self.person in people_in(self.save, one)]

    @property
    def customer(self) -> Record:
        """The record of the contact's own customer; empty where there is none."""
        return self.save.known.get(("customer", self.record.get("customer") or ""), {})


def good_modes(record: Record) -> list[Record]:
    """The modes that can be read, active or not."""
    return [mode for mode in record.get("modes") or [] if is_good_mode(mode)]


NO_MODE: list[Record | None] = [None]


def attempts(save: Save, category: Category, person: Person, triggers: list[str]) -> Iterator[Attempt]:
    """Everything that could be tried for one person in one category."""
    modes = good_modes(save.known.get(person, {}))
    for trigger in triggers:
        for channel in CHANNELS:
            active = [mode for mode in modes if mode["channel"] == channel and mode["active"]]
            for mode in active or NO_MODE:
                yield Attempt(save, category, person, trigger, channel, mode)
