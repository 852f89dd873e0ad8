"""The list of messages: filters, pages, and what one line shows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from enum import StrEnum
from typing import Final, TypeVar

from msgspec import Struct

from console.screens.viewer import Viewer
from schemas.job import PersonRef
from schemas.vocabulary import Channel, PersonKind, Trigger
from sender.ledger.jobs import JobListing
from sender.messages.plain_text import one_line
from sender.records import Change, Listed, Selection
from sender.states import Hold, State

E = TypeVar("E", bound=StrEnum)

PAGE: Final = 50
AT_ONCE: Final = 200
MOST_LOOKED_AT: Final = 2_000
"""Messages that one page looks at, where filters leave out what the ledger can't: then it goes on behind them."""

LONGEST_FILTER: Final = 300
WORDS: Final = 200
"""Characters of a reply in a list."""

FIELDS: Final = ("ticket", "person", "customer", "template", "channel", "reply", "hold", "since", "until")


class WrongFilterError(ValueError):
    """A filter can't be used. `field` is its name."""

    def __init__(self, field: str) -> None:
        super().__init__(field)
        self.field = field


class Filters(Struct, frozen=True):
    """What is asked for, as it was written. Days and times are those of the reader."""

    states: tuple[str, ...] = ()
    ticket: str = ""
    person: str = ""
    customer: str = ""
    template: str = ""
    channel: str = ""
    reply: str = ""
    hold: str = ""
    since: str = ""
    until: str = ""

    @classmethod
    def read(cls, query: Mapping[str, Sequence[str]]) -> Filters:
        """Those of a query; what is no filter is passed over."""
        fields = {field: _first(query, field) for field in FIELDS}
        return cls(tuple(one for one in query.get("state", ()) if one), **fields)

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """Name and value of each that is given, as a query has them."""
        given = [(field, getattr(self, field)) for field in FIELDS if getattr(self, field)]
        return [*(("state", state) for state in self.states), *given]


class Wanted(Struct, frozen=True):
    """The filters, understood: a selection of the ledger, and what is looked at in each message."""

    selection: Selection
    people: frozenset[PersonRef] | None = None
    channel: Channel | None = None
    reply: str = ""

    @property
    def is_simple(self) -> bool:
        """Whether the ledger alone can choose."""
        return self.people is None and self.channel is None and not self.reply


class Row(Struct, frozen=True):
    """A message in a list. Name, address and the relay's words are null for those who may not see people."""

    job: str
    accepted: datetime
    changed: datetime
    state: State
    hold: Hold | None
    trigger: Trigger
    channel: Channel
    person: str
    name: str | None
    address: str | None
    source: str
    ticket: str
    reference: str
    title: str | None
    customer: str | None
    template: str
    code: int | None
    said: str | None


class Page(Struct, frozen=True):
    """Lines, and the message behind which the next page begins; None: this is the last one."""

    rows: Sequence[Row]
    next: str | None


def understood(filters: Filters, ledger: JobListing, viewer: Viewer, zone: tzinfo) -> Wanted:
    """What the filters mean. Raises WrongFilterError.

    A person is an id (`contact/ct-1`), or an address, whoever has messages to it; that tells who an address belongs
    to, so it is for those alone who see people.
    """
    person, people = _person(filters.person, ledger, viewer)
    selection = Selection(
        ticket=filters.ticket or None,
        person=person,
        states=frozenset(_word(State, state, "state") for state in filters.states),
        hold=_word(Hold, filters.hold, "hold") if filters.hold else None,
        customer=filters.customer or None,
        template=filters.template or None,
        since=_moment(filters.since, "since", zone),
        until=_moment(filters.until, "until", zone),
        customers=viewer.customers,
    )
    channel = _word(Channel, filters.channel, "channel") if filters.channel else None
    if filters.reply and not viewer.sees_people:
        raise WrongFilterError("reply")
    return Wanted(selection, people, channel, filters.reply.casefold())


def page_of(ledger: JobListing, wanted: Wanted, viewer: Viewer, limit: int = PAGE, before: str | None = None) -> Page:
    """The next page. It may have fewer lines and still a `next`, where filters leave many out."""
    rows: list[Row] = []
    looked_at, last = 0, before
    step = limit + 1 if wanted.is_simple else AT_ONCE
    while found := ledger.list(wanted.selection, step, last):
        for listed in found:
            if len(rows) == limit or looked_at == MOST_LOOKED_AT:
                return Page(rows, last)
            looked_at, last = looked_at + 1, listed.entry.job.id
            changes = ledger.history(last)
            if _fits(listed, changes, wanted):
                rows.append(row_of(listed, changes, viewer))
        if len(found) < step:
            break
    return Page(rows, None)


def rows_of(ledger: JobListing, wanted: Wanted, viewer: Viewer, most: int) -> Iterator[Row]:
    """All lines, page by page, up to so many."""
    number, before = 0, None
    while number < most:
        page = page_of(ledger, wanted, viewer, min(AT_ONCE, most - number), before)
        yield from page.rows
        number, before = number + len(page.rows), page.next
        if before is None:
            return


def row_of(listed: Listed, changes: Sequence[Change], viewer: Viewer) -> Row:
    """One line."""
    entry, job = listed.entry, listed.entry.job
    last, sees = (changes[-1] if changes else None), viewer.sees_people
    return Row(
        job.id,
        listed.accepted,
        listed.changed,
        entry.standing.state,
        entry.standing.hold,
        entry.trigger,
        job.channel,
        str(job.person),
        job.context.person_name if sees else None,
        job.address if sees else None,
        job.source,
        job.ticket,
        job.context.ticket.reference,
        job.context.ticket.title if sees else None,
        job.customer,
        entry.form.template,
        None if last is None else last.code,
        said(last) if last is not None and sees else None,
    )


def said(change: Change, limit: int = WORDS) -> str:
    """The other side's words, or ours where it said none, in one line."""
    return one_line(change.text or "", limit)


def _fits(listed: Listed, changes: Sequence[Change], wanted: Wanted) -> bool:
    job = listed.entry.job
    if wanted.people is not None and job.person not in wanted.people:
        return False
    if wanted.channel not in (None, job.channel):
        return False
    if not wanted.reply:
        return True
    return any(wanted.reply in f"{one.code or ''} {one.text or ''}".casefold() for one in changes)


def _person(text: str, ledger: JobListing, viewer: Viewer) -> tuple[PersonRef | None, frozenset[PersonRef] | None]:
    if not text:
        return None, None
    kind, slash, name = text.partition("/")
    if slash and kind in tuple(PersonKind) and name:
        return PersonRef(PersonKind(kind), name), None
    if "@" in text and viewer.sees_people:
        found = frozenset(ledger.people_at(text))
    else:
        found = frozenset(PersonRef(one, text) for one in PersonKind)
    return (next(iter(found)), None) if len(found) == 1 else (None, found)


def _first(query: Mapping[str, Sequence[str]], field: str) -> str:
    values = query.get(field, ())
    return values[0].strip()[:LONGEST_FILTER] if values else ""


def _word(kind: type[E], text: str, field: str) -> E:
    try:
        return kind(text)
    except ValueError:
        raise WrongFilterError(field) from None


def _moment(text: str, field: str, zone: tzinfo) -> datetime | None:
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo is not None else moment.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise WrongFilterError(field) from None
