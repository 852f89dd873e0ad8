"""The overview: do alerts go out? Numbers and moments, and what needs somebody; no names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

from msgspec import Struct

from history.ports import Hour
from sender.ledger.jobs import JobListing
from sender.ledger.waits import RELAY, Wait
from sender.states import FINISHED, Hold, State

HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)
LATE: Final = timedelta(minutes=10)
"""A message that waits longer than this is worth a look."""

MOST_LETTERS: Final = 1_000
"""Dead letters that are counted."""


class Rules(Struct, frozen=True):
    """How rules and directory stand: since when, by which digest, and what is wrong with the files as they are."""

    since: datetime
    rulebook: str
    faults: Sequence[str]
    kept_since: datetime | None
    directory_faults: Sequence[str]


class Standing(Protocol):
    """What the overview asks besides ledger and history."""

    def rules(self) -> Rules | None:
        """How they stand; None where it is not known here."""
        ...

    def dead_letters(self, most: int) -> int:
        """How many there are, counted up to so many."""
        ...


class Times(Protocol):
    """Counts by the hour, as the history has them."""

    def hours(self, since: datetime, until: datetime) -> Sequence[Hour]:
        """See history.ports.History."""
        ...


class LedgerCounts(JobListing, Protocol):
    """The ledger, for this screen."""

    def waits(self, now: datetime) -> Sequence[Wait]:
        """See sender.ledger.waits.Waits."""
        ...


class Need(Struct, frozen=True):
    """Something that needs somebody: the key of its words, their values, and the path that leads to it."""

    word: str
    values: Mapping[str, Any]
    path: str


class Overview(Struct, frozen=True):
    """All of it. `of_hour` and `of_day` count messages that were taken in since; `hours` are the last 24."""

    now: datetime
    of_hour: Mapping[State, int]
    of_day: Mapping[State, int]
    counts: Mapping[State, int]
    holds: Mapping[Hold, int]
    oldest: datetime | None
    hours: Sequence[Hour]
    rules: Rules | None
    dead_letters: int
    needs: Sequence[Need]

    @property
    def waiting(self) -> int:
        """Messages that wait for a try or are being sent."""
        return sum(self.counts[one] for one in (State.QUEUED, State.SENDING, State.UNKNOWN, State.BUNDLED))


def overview_of(ledger: LedgerCounts, times: Times, standing: Standing, now: datetime) -> Overview:
    """How it stands now."""
    counts, of_day, oldest = ledger.counts(), ledger.counts(now - DAY), ledger.oldest()
    waiting = [moment for state, moment in oldest.items() if state not in (State.HELD, *FINISHED)]
    first = min(waiting, default=None)
    rules, letters = standing.rules(), standing.dead_letters(MOST_LETTERS)
    begin = (now - DAY).replace(minute=0, second=0, microsecond=0) + HOUR
    found = {one.begin: one for one in times.hours(begin, now)}
    hours = [begin + HOUR * number for number in range(24)]
    needs = _needs(of_day, counts, first, rules, letters, ledger.waits(now), now)
    return Overview(
        now,
        ledger.counts(now - HOUR),
        of_day,
        counts,
        ledger.holds(),
        first,
        [found.get(one) or Hour(one, 0, 0, 0) for one in hours],
        rules,
        letters,
        [*needs],
    )


def _needs(
    of_day: Mapping[State, int],
    counts: Mapping[State, int],
    oldest: datetime | None,
    rules: Rules | None,
    letters: int,
    waits: Sequence[Wait],
    now: datetime,
) -> Iterator[Need]:
    if rules is not None and rules.faults:
        yield Need("need.rules", {"n": len(rules.faults)}, "#rules")
    if rules is not None and rules.directory_faults:
        yield Need("need.directory", {"n": len(rules.directory_faults)}, "#rules")
    if any(one.name == RELAY for one in waits):
        yield Need("need.relay", {}, "/messages?state=queued")
    if oldest is not None and now - oldest > LATE:
        yield Need("need.late", {"since": oldest}, "/messages?state=queued&state=sending&state=unknown")
    for state in (State.FAILED, State.EXPIRED):
        if of_day[state]:
            yield Need(f"need.{state}", {"n": of_day[state]}, f"/messages?state={state}")
    if counts[State.UNKNOWN]:
        yield Need("need.unknown", {"n": counts[State.UNKNOWN]}, "/messages?state=unknown")
    if letters:
        yield Need("need.letters", {"n": letters}, "#letters")
