"""What the intake needs from outside."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from msgspec import Struct

from intake.states.judgement import Judged, TicketKey
from intake.states.ticket_state import TicketState
from schemas.errors import UnusableError
from schemas.log import NewRecord


class LogUnavailableError(UnusableError, RuntimeError):
    """The log, or what is kept beside it, can't take an event. Nothing was promised for the post that led here.

    `code` names the class of the fault in snake case; the message says where it is and what to do.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class LogAwayError(LogUnavailableError):
    """It does not answer, or not now: the same post may be sent again later."""


class EventSink(Protocol):
    """Where events go that are complete in themselves."""

    def append(self, records: Sequence[NewRecord]) -> None:
        """Append all records, or none, and return once they are there for good.

        Raises LogUnavailableError, within a bounded time. Then nobody may know whether they were stored: whoever sends
        them again may double them, under the same ids.
        """
        ...

    def close(self) -> None:
        """Let go of everything."""
        ...


Append = Callable[[Sequence[NewRecord]], None]
"""How waiting events get into the log, see EventSink.append."""

Judge = Callable[[TicketState | None], Judged]
"""Makes event and new state of a post from the state before it. It may be called again, and then must say the same."""


class Taken(Struct, frozen=True):
    """What a delivery has led to: its event, whether it was known before, and whether the event is in the log."""

    event: bytes
    is_repeated: bool
    is_published: bool


class Unpublished(Struct, frozen=True):
    """Events that are kept and not yet in the log: how many, and when the oldest came."""

    events: int
    oldest: datetime | None


class Retention(Struct, frozen=True):
    """How long deliveries and states are remembered.

    A delivery must be known for as long as a helpdesk may repeat it. A state is forgotten so long after the last post
    about its ticket; a post after that is a first sight again.
    """

    deliveries: timedelta = timedelta(days=7)
    states: timedelta = timedelta(days=400)


class KeptPost(Struct, frozen=True):
    """What is kept of a post: in which table (`ticket_states`, `deliveries`), under which key, and as which JSON."""

    place: str
    key: str
    body: bytes


class KeptPosts(Protocol):
    """All that is kept of posts, for people who ask what is kept of them, or want to be forgotten."""

    def kept(self) -> Iterator[KeptPost]:
        """Every state, and every delivery whose event is in the log, page by page."""
        ...

    def rewrite(self, change: Callable[[bytes], bytes]) -> int:
        """Give each of them another body; says how many were changed. The last posts of tickets stay their states."""
        ...


class TicketStates(Protocol):
    """What is known of tickets and deliveries, kept durably together with the events that follow from it.

    Every method raises LogUnavailableError where the storage fails; what a method has returned from survives a crash.
    Several processes may work on one storage.
    """

    def find(self, event: str) -> Taken | None:
        """What a delivery has led to, by the id of its event; None where it is not known."""
        ...

    def take(self, ticket: TicketKey, event: str, judge: Judge, now: datetime) -> Taken:
        """Take a delivery in: event, new state, and that it is known, all or nothing.

        A delivery that is known leads to what it led to before, and `judge` is not asked. What `judge` raises leaves
        everything as it was.
        """
        ...

    def publish(self, append: Append, ticket: TicketKey | None = None) -> int:
        """Append the events that are not yet in the log, of one ticket or of all, and say how many there were.

        Events of one ticket go in the order in which they were taken, whichever process does it. Where one is killed
        between log and storage, an event goes again. What `append` raises leaves what it was given as unpublished.
        """
        ...

    def unpublished(self) -> Unpublished:
        """What waits to be published."""
        ...

    def state(self, ticket: TicketKey) -> TicketState | None:
        """The state of a ticket; None where it is not known."""
        ...

    def seed(self, states: Iterable[tuple[TicketKey, TicketState]], now: datetime) -> int:
        """Keep these states, without events, where none is known that is as new; says how many were kept."""
        ...

    def prune(self, now: datetime, retention: Retention, limit: int = 1_000) -> int:
        """Forget what its time is over of: at most `limit` deliveries and states each. Unpublished events stay."""
        ...

    def close(self) -> None:
        """Let go of everything."""
        ...
