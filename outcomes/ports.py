"""What posting needs from outside."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from msgspec import Struct

from outcomes.endpoint import Endpoint
from outcomes.retries import Answer
from outcomes.sums import Sum
from schemas.errors import UnusableError
from schemas.job import Job


class PostsUnavailableError(UnusableError, RuntimeError):
    """The storage of posts can't do its work. Nothing that it holds is lost.

    `code` names the class of the fault in snake case; the message says where it is and what to do.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class PostsAwayError(PostsUnavailableError):
    """It does not answer, or not now: it may be asked again later."""


class PostState(StrEnum):
    """Where a post stands."""

    WAITING = "waiting"
    """For its first try, or the next one."""
    DELIVERED = "delivered"
    GIVEN_UP = "given_up"
    """It was tried for as long as the settings say."""


class NewPost(Struct, frozen=True):
    """A post that is to go out. `id` is its `webhook-id`; posts of one endpoint and ticket go in their order."""

    id: str
    endpoint: str
    source: str
    ticket: str
    event: str
    type: str
    body: bytes


class Part(Struct, frozen=True):
    """What was heard of one job of a save that is to be summed. Of one job the highest `sequence` counts."""

    endpoint: str
    source: str
    ticket: str
    event: str
    reference: str | None
    job: str
    sequence: int
    body: bytes


class Save(Struct, frozen=True):
    """A save to be summed: how its sum stands, and the newest of each of its jobs."""

    endpoint: str
    source: str
    ticket: str
    event: str
    reference: str | None
    sum: Sum
    jobs: Sequence[bytes]


class Taken(Struct, frozen=True):
    """A post that was taken for one try. `attempt` counts its tries, this one included."""

    seq: int
    id: str
    endpoint: str
    attempt: int
    body: bytes


class KeptPost(Struct, frozen=True):
    """A post as people look at it. `due` is the time of its next try; `said` is what was answered last."""

    id: str
    endpoint: str
    source: str
    ticket: str
    event: str
    type: str
    state: PostState
    attempts: int
    made: datetime
    changed: datetime
    due: datetime | None
    said: str | None
    body: bytes


class Selection(Struct, frozen=True):
    """Which posts; everything that is given must hold."""

    endpoint: str | None = None
    state: PostState | None = None
    ticket: str | None = None
    id: str | None = None


class Standing(Struct, frozen=True):
    """How an endpoint's posts stand: how many wait, since when the oldest of them does, how many were given up."""

    endpoint: str
    waiting: int
    oldest: datetime | None
    given_up: int


class Disabled(Struct, frozen=True):
    """An endpoint that nothing is posted to: of that name, at that place (see Endpoint)."""

    endpoint: str
    place: str
    since: datetime
    why: str


class Kept(Struct, frozen=True):
    """What is kept of an outcome: in which table, under which key, and as which JSON."""

    place: str
    key: str
    body: bytes


Hear = Callable[[str, Sum | None], Sum]
"""How the sum of a save of this endpoint stands after something was heard of it."""

Judge = Callable[[Save], tuple[Sum, NewPost | None]]
"""How the sum of a save stands after its time has come, and what to post of it."""


class PostQueue(Protocol):
    """Posts and sums, kept durably. What a method has returned from survives a crash, and is done whole or not at all.

    Every method raises PostsUnavailableError where the storage fails. Several processes may work on one storage.
    """

    def keep(self, posts: Sequence[NewPost], parts: Sequence[Part], hear: Hear, now: datetime) -> int:
        """Keep these posts and parts; says how many were new. One that is known by its id stays as it is."""
        ...

    def settle(self, now: datetime, limit: int, judge: Judge) -> int:
        """Look at the sums whose time has come, at most `limit`; says how many were looked at."""
        ...

    def take(self, endpoint: str, now: datetime, limit: int, lease: timedelta) -> Sequence[Taken]:
        """Take the posts of an endpoint that are due, the longest due first: of each ticket the oldest that waits.

        Nobody else gets them until `now + lease`, or until they are answered.
        """
        ...

    def answered(self, post: Taken, said: str, now: datetime, due: datetime | None) -> bool:
        """Write down what a try led to: `due` is when the post is tried again, None where it was delivered.

        Says whether that changed it: a try whose lease has ended, so that another one took the post, puts nothing off.
        """
        ...

    def give_up(self, before: datetime, now: datetime, limit: int = 1_000) -> Sequence[Taken]:
        """Give up posts that were made before, at most `limit`; not those that are just tried."""
        ...

    def bring_back(self, now: datetime, longest: timedelta) -> int:
        """Where the clock was set back: let nothing wait longer than `longest`. Says how many posts and sums waited."""
        ...

    def prune(self, before: datetime, limit: int = 1_000) -> int:
        """Forget at most `limit` posts that ended before, and sums of which nothing was heard since."""
        ...


class EndpointSwitch(Protocol):
    """Endpoints that nothing is posted to, since they said so."""

    def disable(self, one: Disabled) -> None:
        """Post nothing more to this endpoint. Its posts wait."""
        ...

    def enable(self, endpoint: str) -> bool:
        """Post to it again; says whether it was disabled."""
        ...

    def disabled(self) -> Sequence[Disabled]:
        """Those that are disabled."""
        ...


class PostListing(Protocol):
    """Posts as people look at them."""

    def list(self, selection: Selection, limit: int, before: str | None = None) -> Sequence[KeptPost]:
        """At most `limit` posts, the newest first; those made before the post `before`."""
        ...

    def standing(self) -> Sequence[Standing]:
        """How the posts of each endpoint stand that has any."""
        ...

    def resend(self, selection: Selection, now: datetime, limit: int = 1_000) -> int:
        """Let these go out again at once, as if they were made now, at most `limit`; says how many.

        One that waits is tried at once. With neither an id nor a state, those that were delivered stay as they are.
        """
        ...


class KeptOutcomes(Protocol):
    """All that is kept, for people who ask what is kept of them, or want to be forgotten."""

    def kept(self) -> Iterator[Kept]:
        """Every body, page by page."""
        ...

    def rewrite(self, change: Callable[[bytes], bytes]) -> int:
        """Give each of them another body; says how many were changed."""
        ...


class Posts(PostQueue, EndpointSwitch, PostListing, KeptOutcomes, Protocol):
    """All of it."""

    def close(self) -> None:
        """Let go of connections."""
        ...


class KnownJobs(Protocol):
    """The jobs, as the ledger knows them."""

    def jobs(self, ids: Sequence[str]) -> Mapping[str, Job]:
        """Those of these jobs that are kept. Raises PostsUnavailableError."""
        ...


class Poster(Protocol):
    """Posts to endpoints by HTTP."""

    async def post(self, endpoint: Endpoint, headers: Mapping[str, str], body: bytes) -> Answer:
        """One try, within a bounded time. Every outcome is an answer; nothing is raised for what a network does."""
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...


class PostingMonitor(Protocol):
    """Is told how posting goes; never fails."""

    def answered(self, endpoint: str, answer: Answer) -> None:
        """An endpoint answered, or not."""
        ...

    def gave_up(self, endpoint: str, posts: int) -> None:
        """Posts were given up."""
        ...

    def standing(self, standings: Sequence[Standing], disabled: Sequence[Disabled], now: datetime) -> None:
        """How all posts stand, told every few seconds."""
        ...

    def came_round(self, loop: str) -> None:
        """A loop goes on."""
        ...

    def waits_for_storage(self, why: PostsAwayError | None) -> None:
        """Posting waits until the storage answers again; None: it does."""
        ...
