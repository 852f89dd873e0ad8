"""Which of the jobs that a storm held go out in one digest, and what happens to each of them then.

A digest must not make anybody read of a ticket's end before its beginning. So it lists a job that waits in its lane
behind one that the storm did not hold, only where the digest itself waits behind that one: in a digest of that lane.
"""

from __future__ import annotations

from bisect import bisect
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Final

from msgspec import Struct

from sender.entries import Report
from sender.states import Hold, Transition
from sender.storm import StormPolicy


class HeldJob(Struct, frozen=True):
    """A job that a storm held. `place` grows in the order of acceptance."""

    job: str
    attempt: int
    lane: str
    place: int


def digests(held: Iterable[HeldJob], others: Iterable[tuple[str, int]], size: int) -> list[list[HeldJob]]:
    """The jobs in groups of at most `size`, each in the order of acceptance; one that stands alone is no digest.

    `held` comes in the order of acceptance; `others` are lane and place of the other open jobs in the lanes of these.
    A lane's jobs are in one group, unless others stand between them, or they are more than `size`. So no group waits
    for a later one.
    """
    groups: list[list[HeldJob]] = []
    common: list[HeldJob] = []
    for waits, run in _runs(held, others):
        if waits or len(run) > size:
            groups += [run[start : start + size] for start in range(0, len(run), size)]
            continue
        if len(common) + len(run) > size:
            groups.append(common)
            common = []
        common += run
    return [sorted(group, key=lambda one: one.place) for group in [*groups, common] if group]


def release_reports(group: Sequence[HeldJob], now: datetime) -> list[Report]:
    """What happens to one group: the newest carries the digest, and comes first; the others are bundled with it."""
    *listed, carrier = group
    if not listed:
        return [Report(carrier.job, carrier.attempt, Transition.RESUMED, now, text="the storm is over")]
    carries = f"a digest of {len(group)}"
    words = f"in the digest that {carrier.job} carries"
    return [
        Report(carrier.job, carrier.attempt, Transition.CARRIES, now, text=carries),
        *(Report(one.job, one.attempt, Transition.BUNDLED, text=words) for one in listed),
    ]


STOPS: Final = frozenset({Transition.WITHDRAWN, Transition.HELD})
"""What the sender of a digest may find out about a job that it lists, before it is sent: that one is left out."""

LEAVES_ITS_DIGEST: Final = STOPS | {Transition.CANCELLED}
"""What happens to a carrier alone: the jobs bundled with it are held again, and go out in another digest at once."""


def unbundled_report(job: str, attempt: int) -> Report:
    """What happens to a job whose carrier has left its digest."""
    return Report(job, attempt, Transition.HELD, text="its digest goes out without its carrier", hold=Hold.STORM)


def storm_report(job: str, policy: StormPolicy) -> Report:
    """What happens to a job that comes in a storm, right after it was accepted."""
    words = f"more than {policy.limit} messages for one mailbox within {policy.window}"
    return Report(job, 0, Transition.HELD, text=words, hold=Hold.STORM)


def _runs(held: Iterable[HeldJob], others: Iterable[tuple[str, int]]) -> Iterator[tuple[bool, list[HeldJob]]]:
    """The runs of held jobs in each lane, and whether each waits behind another open job of the lane."""
    places: dict[str, list[int]] = defaultdict(list)
    for lane, place in sorted(others):
        places[lane].append(place)
    runs: dict[tuple[str, int], list[HeldJob]] = defaultdict(list)
    for one in held:
        runs[one.lane, bisect(places[one.lane], one.place)].append(one)
    for (_, before), run in runs.items():
        yield before > 0, run
