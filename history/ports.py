"""The history: every decision, kept for a time so that it is found. Adapters keep it in the ledger's database."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Generic, Protocol, TypeVar

from msgspec import Struct

from history.entries import Entry, Sighting
from schemas.decision import DecisionRecord
from schemas.errors import UnusableError
from schemas.job import PersonRef
from schemas.log import Record
from schemas.vocabulary import Reason

T = TypeVar("T")


class HistoryUnavailableError(UnusableError, RuntimeError):
    """The history can't do its work just now, or somebody has to mend something. What it held is not lost.

    `code` names the class of the fault in snake case; the message says where it is and what to do.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class KeptDecision(Struct, frozen=True):
    """A decision as it was kept: when, in UTC, and its place, by which a list goes on behind it."""

    decision: DecisionRecord
    at: datetime
    place: int


class KeptTicket(Struct, frozen=True):
    """A ticket about which something was decided. `seen` is when its newest event came; its `title` is of then.

    `title` is null where only decisions about it were kept, which do not have it.
    """

    source: str
    id: str
    reference: str | None
    title: str | None
    seen: datetime
    place: int


class Page(Struct, Generic[T], frozen=True):
    """A part of a list. `next` is the place behind which it goes on; None: this was the last part.

    A search may end a page early, even an empty one, so that it takes a bounded time: it goes on as long as there is a
    `next`.
    """

    items: Sequence[T]
    next: int | None = None


class Choice(Struct, frozen=True, kw_only=True):
    """Which decisions: at most one of person, contract, customer and reason; from `since` on, and before `until`.

    With a person, `told` and `reasons` are about them: alerted or not, or for one of these reasons.
    """

    person: PersonRef | None = None
    contract: str | None = None
    customer: str | None = None
    reason: Reason | None = None
    told: bool | None = None
    reasons: frozenset[Reason] = frozenset()
    since: datetime | None = None
    until: datetime | None = None

    def __post_init__(self) -> None:
        """Raise ValueError where it asks for two things at once, or for a person's reasons without a person."""
        subjects = (self.person, self.contract, self.customer, self.reason)
        if sum(one is not None for one in subjects) > 1:
            raise ValueError("choose decisions by a person, a contract, a customer or a reason: one of them")
        if self.person is None and (self.told is not None or self.reasons):
            raise ValueError("`told` and `reasons` are about a person: name one")


class Hour(Struct, frozen=True):
    """One hour, by when it began in UTC: decisions, how many of them alerted somebody, and alerts in all."""

    begin: datetime
    decisions: int
    alerting: int
    alerts: int


class RuleCount(Struct, frozen=True):
    """In how many decisions a rule led to an alert, and the last day (UTC) on which it did."""

    rule: str
    decisions: int
    last: datetime


class History(Protocol):
    """Answers about what was decided. Every method raises HistoryUnavailableError. It changes nothing.

    Lists are the newest first, by when decisions were kept. `before` is the place of a former page's last one.
    """

    def of_ticket(self, source: str, ticket: str, limit: int, before: int | None = None) -> Sequence[KeptDecision]:
        """The decisions about one ticket."""
        ...

    def decisions(self, choice: Choice, limit: int, before: int | None = None) -> Sequence[KeptDecision]:
        """The decisions that are chosen."""
        ...

    def tickets_named(self, name: str, limit: int) -> Sequence[KeptTicket]:
        """The tickets with this id or reference: without capitals, accents and blanks around. The newest first."""
        ...

    def tickets_with(self, text: str, limit: int, before: int | None = None) -> Page[KeptTicket]:
        """The tickets that have, for each word of a text, one that begins so: in title, id or reference.

        Capitals and accents do not matter. The first 8 words count. Those that were first heard of last come first.
        """
        ...

    def every_ticket(self, limit: int, after: int = 0) -> Sequence[KeptTicket]:
        """All tickets, in the order in which they were first heard of, from behind the place `after`."""
        ...

    def hours(self, since: datetime, until: datetime) -> Sequence[Hour]:
        """The hours that began from `since` on and before `until`, in their order, without those of no decision."""
        ...

    def reasons(self, since: datetime, until: datetime) -> Mapping[Reason, int]:
        """In how many decisions of the same hours each reason stands; what stands in none is left out."""
        ...

    def rules(self, since: datetime, until: datetime) -> Sequence[RuleCount]:
        """Every rule that led to an alert on the days (UTC) that began from `since` on and before `until`, by name."""
        ...

    def close(self) -> None:
        """Let go of everything."""
        ...


class Part(Struct, frozen=True, order=True):
    """A partition of a topic."""

    topic: str
    partition: int


class Move(Struct, frozen=True):
    """The reading of a part goes on from `expected`, None where it was never read, to `next`."""

    part: Part
    expected: int | None
    next: int


class Batch(Struct, frozen=True):
    """What was read from some parts: decisions, and what events say of their tickets."""

    moves: Sequence[Move]
    entries: Sequence[Entry] = ()
    sightings: Sequence[Sighting] = ()


class HistoryStore(History, Protocol):
    """Keeps the history durably. What a method does is done whole or not at all, and survives a crash."""

    def positions(self) -> Mapping[Part, int]:
        """The offset of the next record, of every part from which something was read."""
        ...

    def fill(self, batch: Batch) -> int | None:
        """Keep a batch and its positions in one transaction; says how many decisions are new.

        None, and nothing is kept, where a position is not the expected one: somebody else reads too, or all is read
        anew. A decision that is known by time, partition and offset is not kept twice.
        """
        ...

    def prune(self, before: datetime, limit: int) -> int:
        """Forget at most `limit` decisions, and as many tickets, that came before; says how many there were in all."""
        ...

    def begin_anew(self, since: datetime, limit: int) -> int:
        """Forget at most `limit` decisions from `since` on, and say how many there were.

        Where there are no more, forget all positions too, so that the topics are read from their beginning.
        """
        ...

    def rewrite(self, person: PersonRef, body: Callable[[bytes], bytes], text: Callable[[str], str]) -> int:
        """Give other words to whatever may name this person, and find it by the new ones; says how much was changed.

        `body` makes another JSON of a decision that names them, or the id of a record; `text` another title.
        """
        ...


class HistorySource(Protocol):
    """The topics from which a history is filled. Every method raises HistoryUnavailableError."""

    def read(self, positions: Mapping[Part, int], limit: int) -> Sequence[Record]:
        """At most `limit` records from these positions on, in order within each part; at once, even where none is.

        Where a part has no position, or one beyond its end, it is read from its beginning.
        """
        ...

    def lag(self, positions: Mapping[Part, int]) -> int:
        """How many records wait."""
        ...

    def beginning(self) -> datetime | None:
        """When the oldest decision came that can still be read; None where there is none."""
        ...

    def close(self) -> None:
        """Let go of everything."""
        ...
