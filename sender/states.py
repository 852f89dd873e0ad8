"""The life of a job: its states, and the one table of the ways between them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Final

from msgspec import Struct
from msgspec.structs import replace


class State(StrEnum):
    """Where a job stands."""

    QUEUED = "queued"
    """Waits for its first or next try."""
    SENDING = "sending"
    """A sender holds it, until its answer or the end of the lease."""
    UNKNOWN = "unknown"
    """The last try may have arrived. Waits for another one, with the same Message-ID."""
    HELD = "held"
    """It is kept back; `Standing.hold` says by what."""
    BUNDLED = "bundled"
    """A digest lists it, which another job of the same mailbox carries: it ends as that one ends."""
    DELIVERED = "delivered"
    """The relay took it."""
    FAILED = "failed"
    """It ended without delivery, or without anybody knowing; its last transition names why."""
    EXPIRED = "expired"
    """Its time ended before anything was handed over."""
    DROPPED = "dropped"
    """Another event had its `once` key, and it had no `otherwise`."""
    CANCELLED = "cancelled"
    """A person stopped it."""
    WITHDRAWN = "withdrawn"
    """Its person or address was suppressed, or its person left the directory, before it went out."""


class Hold(StrEnum):
    """What keeps a held job back."""

    STORM = "storm"
    """Too many messages for one mailbox in a short time. Ends by itself."""
    DIGEST = "digest"
    """Its rule collects messages: it waits for the time of the digest. Ends by itself."""
    QUIET = "quiet"
    """Its rule has quiet hours: it waits for their end. Ends by itself."""
    MODE = "mode"
    """The sender isn't live yet, or not for this customer."""
    PAUSED = "paused"
    """A customer or a template is paused."""
    PERSON = "person"
    """A person asked for it."""


SCHEDULED: Final = frozenset({Hold.DIGEST, Hold.QUIET})
"""What holds a job until a known moment. Meanwhile later jobs of its lane do not wait for it."""


class Transition(StrEnum):
    """What can happen to a job."""

    ACCEPTED = "accepted"
    """It came, and goes out as it is."""
    DIVERTED = "diverted"
    """It came after another event had claimed its `once` key, and goes out as its `otherwise`."""
    DROPPED = "dropped"
    """It came after another event had claimed its `once` key, and has no `otherwise`."""
    CLAIMED = "claimed"
    """A sender took it for one try."""
    DELIVERED = "delivered"
    """The relay said yes (2xx)."""
    REFUSED = "refused"
    """The relay said no for good (5xx)."""
    DEFERRED = "deferred"
    """The relay said not now (4xx), or could not be reached."""
    UNDECIDED = "undecided"
    """No answer came after the final dot."""
    LAPSED = "lapsed"
    """The sender's lease ended without an answer: what it handed over is unknown."""
    FREED = "freed"
    """Its sender ended, or lost it, before anything was handed over: it may go out at once."""
    DIVIDED = "divided"
    """The relay finds the digest that it carries too large: it goes out in two."""
    BROKEN = "broken"
    """The message could not be written, so nothing was handed over: a fault of ours, to be tried again."""
    GAVE_UP = "gave_up"
    """The message could not be written, as often as the policy allows."""
    LEFT_UNKNOWN = "left_unknown"
    """Its tries or its time ended, and an earlier try may have arrived."""
    EXPIRED = "expired"
    """Its time ended."""
    HELD = "held"
    """It was kept back."""
    RELEASED = "released"
    """A person let it go: no mode and no pause holds it again."""
    RESUMED = "resumed"
    """What held it has ended."""
    CARRIES = "carries"
    """What held it has ended: it goes out as the digest of all that were held with it."""
    BUNDLED = "bundled"
    """What held it has ended: it is listed in the digest that another one carries."""
    CANCELLED = "cancelled"
    """A person stopped it."""
    WITHDRAWN = "withdrawn"
    """Nobody is to get it any more; its text says why."""
    RESENT = "resent"
    """A person asked for it to be tried anew."""


class Way(Struct, frozen=True):
    """One row of the table: from any of these states to that one. Without sources it is how a job begins."""

    sources: frozenset[State]
    target: State


def _way(*sources: State, to: State) -> Way:
    return Way(frozenset(sources), to)


# A late answer may find its job in UNKNOWN: the lease ended, and nobody has claimed the job since. It still counts.
TABLE: Final[Mapping[Transition, Way]] = {
    Transition.ACCEPTED: _way(to=State.QUEUED),
    Transition.DIVERTED: _way(to=State.QUEUED),
    Transition.DROPPED: _way(to=State.DROPPED),
    Transition.CLAIMED: _way(State.QUEUED, State.UNKNOWN, to=State.SENDING),
    Transition.DELIVERED: _way(State.SENDING, State.UNKNOWN, State.BUNDLED, to=State.DELIVERED),
    Transition.REFUSED: _way(State.SENDING, State.UNKNOWN, State.BUNDLED, to=State.FAILED),
    Transition.DEFERRED: _way(State.SENDING, State.UNKNOWN, to=State.QUEUED),
    Transition.UNDECIDED: _way(State.SENDING, to=State.UNKNOWN),
    Transition.LAPSED: _way(State.SENDING, to=State.UNKNOWN),
    Transition.FREED: _way(State.SENDING, to=State.QUEUED),
    Transition.DIVIDED: _way(State.SENDING, State.UNKNOWN, to=State.QUEUED),
    Transition.BROKEN: _way(State.SENDING, State.UNKNOWN, to=State.QUEUED),
    Transition.GAVE_UP: _way(State.SENDING, State.UNKNOWN, State.BUNDLED, to=State.FAILED),
    Transition.LEFT_UNKNOWN: _way(
        State.QUEUED, State.SENDING, State.UNKNOWN, State.HELD, State.BUNDLED, to=State.FAILED
    ),
    Transition.EXPIRED: _way(State.QUEUED, State.SENDING, State.HELD, State.BUNDLED, to=State.EXPIRED),
    Transition.HELD: _way(State.QUEUED, State.SENDING, State.BUNDLED, State.HELD, to=State.HELD),
    Transition.RELEASED: _way(State.HELD, to=State.QUEUED),
    Transition.RESUMED: _way(State.HELD, to=State.QUEUED),
    Transition.CARRIES: _way(State.HELD, to=State.QUEUED),
    Transition.BUNDLED: _way(State.HELD, to=State.BUNDLED),
    Transition.CANCELLED: _way(State.QUEUED, State.UNKNOWN, State.HELD, State.BUNDLED, to=State.CANCELLED),
    Transition.WITHDRAWN: _way(State.QUEUED, State.SENDING, State.HELD, State.BUNDLED, to=State.WITHDRAWN),
    Transition.RESENT: _way(State.FAILED, State.CANCELLED, State.WITHDRAWN, to=State.QUEUED),
}

WAITING: Final = frozenset({State.QUEUED, State.UNKNOWN})
"""States whose jobs have a time for their next try."""

FINISHED: Final = frozenset(
    {State.DELIVERED, State.FAILED, State.EXPIRED, State.DROPPED, State.CANCELLED, State.WITHDRAWN}
)
"""States that end a job, unless a person resends it. The other states are open: later jobs wait behind an open one."""

_MAY_HAVE_ARRIVED: Final = frozenset({Transition.UNDECIDED, Transition.LAPSED})


class Standing(Struct, frozen=True):
    """How a job stands.

    `attempt` counts the claims and names the present one; `unknowns` and `faults` count the tries that may have
    arrived and those that could not be written, since the job came or was resent. `changes` counts all changes.
    `due` is the time of the next try of a waiting job, or the end of a hold that is SCHEDULED; `lease_until` the
    lease's end of one that is being sent. `hold` is what keeps a held job back; `released` says that a person let it go
    since, `digest` that it carries a digest.

    Of a job that is being sent, `owner` is the process that has it (None: not known), and `handed_over` says that the
    relay may have its content by now. `freed` counts the tries that ended before that, as `faults` does.
    """

    state: State
    due: datetime | None = None
    lease_until: datetime | None = None
    attempt: int = 0
    unknowns: int = 0
    faults: int = 0
    changes: int = 1
    hold: Hold | None = None
    released: bool = False
    digest: bool = False
    owner: str | None = None
    handed_over: bool = False
    freed: int = 0

    @property
    def never_offered(self) -> bool:
        """Whether it is certain that the relay has nothing of the present try."""
        return self.owner is not None and not self.handed_over


def begin(transition: Transition, now: datetime) -> Standing:
    """The standing of a job that has just come by one of the transitions without sources."""
    state = TABLE[transition].target
    return Standing(state, due=now if state in WAITING else None)


def step(
    standing: Standing,
    transition: Transition,
    until: datetime | None = None,
    hold: Hold | None = None,
    owner: str | None = None,
) -> Standing | None:
    """The standing after a transition; None where the table has no such way.

    `until` is the time of the next try where the job will wait, and the lease's end where it will be sent; `hold` is
    what keeps it back where it will be held, `owner` the process that claims it. Only the sender that has a job can
    hold it while it is being sent: a person who let it go again would double it. What something else holds, a person
    can hold. What may have been handed over is not freed.
    """
    way = TABLE[transition]
    if standing.state not in way.sources or (standing.state is State.SENDING and hold is Hold.PERSON):
        return None
    if standing.state is way.target is State.HELD and (hold is not Hold.PERSON or standing.hold is Hold.PERSON):
        return None
    if transition is Transition.FREED and not standing.never_offered:
        return None
    if until is None and (way.target in WAITING or way.target is State.SENDING or hold in SCHEDULED):
        raise ValueError(f"a job that was {transition.value} needs a time until which it stays {way.target.value}")
    if (hold is None) == (way.target is State.HELD):
        raise ValueError("what is held, and only that, has something that holds it")
    if transition is Transition.RESENT:
        standing = replace(standing, unknowns=0, faults=0, freed=0, digest=False)
    return replace(
        standing,
        state=way.target,
        due=until if way.target in WAITING or hold in SCHEDULED else None,
        lease_until=until if way.target is State.SENDING else None,
        attempt=standing.attempt + (transition is Transition.CLAIMED),
        unknowns=standing.unknowns + (transition in _MAY_HAVE_ARRIVED),
        faults=standing.faults + (transition is Transition.BROKEN),
        changes=standing.changes + 1,
        hold=hold,
        released=standing.released or transition is Transition.RELEASED,
        digest=standing.digest or transition is Transition.CARRIES,
        owner=owner if way.target is State.SENDING else None,
        handed_over=False,
        freed=standing.freed + (transition is Transition.FREED),
    )
