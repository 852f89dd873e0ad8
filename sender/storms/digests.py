"""Which of the jobs that a storm held go out in one digest, and what happens to each of them then.

A digest must not make anybody read of a ticket's end before its beginning. So it lists a job that waits in its lane
behind one that the storm did not hold, only where the digest itself waits behind that one: in a digest of that lane.

Several people may read one mailbox. A digest never tells one contact what another was told: each contact has digests of
their own, so that it holds nothing of another customer, and the link to opt out is theirs. Collaborators share one.
"""

from __future__ import annotations

from bisect import bisect
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Final, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from schemas.job import InternalTicket
from sender.delivery_mode import LIVE, DeliveryMode
from sender.records import LedgerEntry, Report, reader_of
from sender.states import Hold, Transition
from sender.storms.storm import StormPolicy

T = TypeVar("T")


class HeldJob(Struct, frozen=True):
    """A job that a storm held.

    `place` grows in the order of acceptance; `reader` is as `sender.records.reader_of` has it.
    """

    job: str
    attempt: int
    lane: str
    place: int
    reader: str = ""


class Ahead(Struct, frozen=True):
    """Another open job in a lane of held ones. `digest` is the place of the job that carries the digest it is in.

    Only of a job that its schedule had held: where somebody takes one out of its digest, another digest that waits for
    that one may go first, which is no harm among those that were to come late.
    """

    lane: str
    place: int
    digest: int | None = None


class _Stretch(Struct, frozen=True):
    """A part of a lane in which the storm held all jobs: the lane, and how many other open jobs of it come before."""

    lane: str
    after: int


class _Digest(Struct, frozen=True):
    """A digest that has not gone out yet, by the place of its carrier."""

    carrier: int


_Awaited = int | _Stretch | _Digest | None
"""What a group waits for: another group, by its number; what comes before in a lane; an older digest; nothing."""


def digests(held: Iterable[HeldJob], others: Iterable[Ahead], size: int) -> list[list[HeldJob]]:
    """The jobs in groups of one reader and at most `size`, each in the order of acceptance.

    `held` comes in the order of acceptance; `others` are the other open jobs in the lanes of these. A group of one is
    no digest. All that is in a group waits for the same: nothing, another group, a digest that has not gone out yet,
    or a job that the storm did not hold. So none overtakes the older ones of its lane, and no group waits for a later
    one. What waits for one digest is one digest in its turn, however many lanes that one holds up.
    """
    groups: list[list[HeldJob]] = []
    with_room: dict[tuple[str, _Awaited], int] = {}
    last: dict[_Stretch, int] = {}
    ahead = _by_lane(others)
    for stretch, run in _runs(held, ahead):
        for start in range(0, len(run), size):
            piece = run[start : start + size]
            waits_for = last.get(stretch, _awaited(stretch, ahead))
            number = with_room.get((run[0].reader, waits_for))
            if number is None or len(groups[number]) + len(piece) > size:
                number = with_room[run[0].reader, waits_for] = len(groups)
                groups.append([])
            groups[number] += piece
            last[stretch] = number
    return [sorted(group, key=lambda one: one.place) for group in groups]


def release_reports(group: Sequence[HeldJob], now: datetime, over: Over) -> list[Report]:
    """What happens to one group: the newest carries the digest, and comes first; the others are bundled with it.

    `over` says of one that goes out alone why it is no longer held.
    """
    *listed, carrier = group
    if not listed:
        return [Report(carrier.job, carrier.attempt, Transition.RESUMED, now, text=over)]
    carries = f"a digest of {len(group)}"
    words = f"in the digest that {carrier.job} carries"
    return [
        Report(carrier.job, carrier.attempt, Transition.CARRIES, now, text=carries),
        *(Report(one.job, one.attempt, Transition.BUNDLED, text=words) for one in listed),
    ]


class Over(StrEnum):
    """Why jobs are no longer held."""

    STORM = "the storm is over"
    SCHEDULE = "it is due"
    SIZE = "its digest was too large"


LEAVES_ITS_DIGEST: Final = frozenset(
    {Transition.WITHDRAWN, Transition.HELD, Transition.CANCELLED, Transition.EXPIRED, Transition.GAVE_UP}
)
"""What happens to a carrier alone: the jobs bundled with it are held again, and go out in another digest at once.

Where the digest could not be written, they go out each by itself: what can't be written is one of them.
"""


def apart(listed: Sequence[T]) -> Sequence[T]:
    """Of the jobs that a carrier's digest lists besides itself, in their order, those that go out in one before it."""
    return listed[: (len(listed) + 1) // 2]


def is_left_out(report: Report) -> bool:
    """Whether this is what the sender of a digest found out about a job that it lists, before it sends the digest.

    A person doesn't know that it is being sent, so what they want has to wait.
    """
    if report.transition is Transition.HELD:
        return report.hold is not Hold.PERSON
    return report.transition is Transition.WITHDRAWN


def unbundled_reports(entry: LedgerEntry, why: Transition, now: datetime) -> list[Report]:
    """What happens to a job whose carrier has left its digest, and why."""
    if why is not Transition.GAVE_UP:
        return [held_again(entry, "its digest goes out without its carrier")]
    words = "its digest could not be written"
    alone = Report(entry.job.id, entry.standing.attempt, Transition.RESUMED, now, text=words)
    return [held_again(entry, words), alone]


def held_again(entry: LedgerEntry, words: str) -> Report:
    """A job that was in a digest is held by what held it before, which is over: so it goes out in another one."""
    schedule = entry.schedule
    if schedule is None:
        return Report(entry.job.id, entry.standing.attempt, Transition.HELD, text=words, hold=Hold.STORM)
    hold = Hold.DIGEST if schedule.digest else Hold.QUIET
    return Report(entry.job.id, entry.standing.attempt, Transition.HELD, schedule.at, text=words, hold=hold)


def as_listed(entry: LedgerEntry) -> LedgerEntry:
    """The job as a digest lists it, without the texts that no digest shows: there may be thousands of jobs in one."""
    ticket = replace(entry.job.context.ticket, description="", resolution=None, custom={})
    if isinstance(ticket, InternalTicket):
        ticket = replace(ticket, internal_notes=None)
    return replace(entry, job=replace(entry.job, context=replace(entry.job.context, ticket=ticket)))


def parted_report(entry: LedgerEntry, carrier: LedgerEntry, mode: DeliveryMode = LIVE) -> Report | None:
    """What happens to a job that must not be in the digest that lists it; None where it may.

    Its reader is another one, as earlier versions bundled them; or one of the two is redirected and the other is not,
    since their customers differ. It is held again by a storm that is over, and so goes out at once in another digest.
    """
    if mode.redirects(entry.job) != mode.redirects(carrier.job):
        words = "a digest that goes where it is to go lists it"
    elif reader_of(str(entry.job.person)) != reader_of(str(carrier.job.person)):
        words = "a digest of its own reader lists it"
    else:
        return None
    return held_again(entry, words)


def expired_report(entry: LedgerEntry, now: datetime) -> Report | None:
    """What happens to a job that expired between the last sweep and the claim of its digest; None where it has not.

    An expired job is sent in no form, so the digest must not list it, and must not end it as delivered. Held, it is
    found by the next sweep, which ends it as expired.
    """
    return held_again(entry, "its time ended before its digest went out") if entry.job.expires <= now else None


def storm_report(job: str, policy: StormPolicy) -> Report:
    """What happens to a job that comes in a storm, right after it was accepted."""
    words = f"more than {policy.limit} messages for one mailbox within {policy.window}"
    return Report(job, 0, Transition.HELD, text=words, hold=Hold.STORM)


def _by_lane(others: Iterable[Ahead]) -> Mapping[str, Sequence[Ahead]]:
    found: dict[str, list[Ahead]] = defaultdict(list)
    for one in sorted(others, key=lambda one: one.place):
        found[one.lane].append(one)
    return found


def _awaited(stretch: _Stretch, ahead: Mapping[str, Sequence[Ahead]]) -> _Awaited:
    """What a stretch waits for: where all that comes before is in one digest, that digest."""
    if not stretch.after:
        return None
    digest, *others = {one.digest for one in ahead[stretch.lane][: stretch.after]}
    return stretch if others or digest is None else _Digest(digest)


def _runs(held: Iterable[HeldJob], ahead: Mapping[str, Sequence[Ahead]]) -> list[tuple[_Stretch, list[HeldJob]]]:
    """The held jobs of each stretch, in runs of one reader."""
    runs: list[tuple[_Stretch, list[HeldJob]]] = []
    latest: dict[_Stretch, list[HeldJob]] = {}
    for one in held:
        before = bisect(ahead.get(one.lane, ()), one.place, key=lambda other: other.place)
        stretch = _Stretch(one.lane, before)
        run = latest.get(stretch)
        if run is None or run[0].reader != one.reader:
            run = latest[stretch] = []
            runs.append((stretch, run))
        run.append(one)
    return runs
