"""Jobs that are not to go out at once: until when each is held, and in which messages they go out then.

What is held so is in nobody's way: later jobs of its lane go out before it, since they may be urgent. Each message says
when its save was, and so does each line of a digest. Once it is due it stands in the order of its lane again.

What could not go out when it was due (it came late, or a pause, the mode or a person held it) is not poured out piece
by piece when it may: it waits a moment for others of its reader, and goes out together with them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from msgspec import Struct

from sender.records import LedgerEntry, Report
from sender.states import Hold, State, Transition
from sender.storms.digests import Ahead, HeldJob, digests, held_again

SAID: Final = 100
"""Characters of what a rule says that are kept with the change."""


COMPANY: Final = timedelta(minutes=1)
"""How long what is late waits for others that are."""

OTHER_HOLDS: Final = frozenset({Hold.PAUSED, Hold.MODE, Hold.PERSON})
"""What may hold a job when it is due."""

BEHIND: Final = timedelta(minutes=5)
"""How long what is due waits at a time for an older digest of its reader that can't go out."""
LONGEST_BEHIND: Final = timedelta(hours=12)
"""How old that digest's newest job may be. So a relay's bad night makes two messages, and not one each hour."""
_ROOM: Final = timedelta(hours=1)
"""What would expire sooner waits behind nothing."""

NextDue = Callable[[], datetime | None]
"""When something is due next for a job's recipient, where that is after now and within COMPANY."""


def scheduled_report(entry: LedgerEntry, now: datetime, next_due: NextDue) -> Report | None:
    """What happens to a new job that is not due yet, or late; None where it may go out."""
    return None if entry.schedule is None else _held_for_others(entry, now, next_due)


def is_back(hold: Hold | None, was_open: bool) -> bool:
    """Whether a job that waits for its try now was kept from its digest before, or had ended and is sent again."""
    return hold in OTHER_HOLDS or not was_open


def back_report(
    back: bool, entry: LedgerEntry, now: datetime, next_due: NextDue, was_listed: Callable[[], bool]
) -> Report | None:
    """What happens to a job that has been let go or is sent again (see `is_back`); None where it goes out by itself.

    `was_listed` says whether a digest, a storm's too, ever was to tell of it. One that may have arrived by itself goes
    out by itself again, under the Message-ID that it had.
    """
    if not back or entry.standing.state is not State.QUEUED or entry.standing.unknowns:
        return None
    return _held_for_others(entry, now, next_due) if entry.schedule is not None or was_listed() else None


def _held_for_others(entry: LedgerEntry, now: datetime, next_due: NextDue) -> Report | None:
    """Until it is due, or where that is over, until others are; None where it would expire."""
    schedule = entry.schedule
    said = "" if schedule is None else f": {schedule.said[:SAID]}"
    if schedule is not None and now < schedule.at:
        return held_again(entry, f"until {_shown(schedule.at)}{said}")
    if now + COMPANY >= entry.job.expires:
        return None
    until = next_due() or now + COMPANY
    hold = Hold.QUIET if schedule is not None and not schedule.digest else Hold.DIGEST
    words = f"with others that are late, at {_shown(until)}{said}"
    return Report(entry.job.id, entry.standing.attempt, Transition.HELD, until, text=words, hold=hold)


def wanted_at(entry: LedgerEntry) -> datetime:
    """From when a job was to go out: from its save, or from when its schedule lets it."""
    schedule, saved_at = entry.schedule, entry.job.context.saved_at
    return saved_at if schedule is None else max(saved_at, schedule.at)


def made_by(carrier: LedgerEntry) -> Hold:
    """What held the jobs of this carrier's digest."""
    schedule = carrier.schedule
    if schedule is None:
        return Hold.STORM
    return Hold.DIGEST if schedule.digest else Hold.QUIET


class OlderDigest(Struct, frozen=True):
    """A digest that has not gone out: for whom, when its newest job was accepted, when it was or is to be tried."""

    reader: str
    accepted: datetime
    due: datetime
    attempt: int

    def is_stuck(self, now: datetime) -> bool:
        """Whether it is kept from going out, and may be for a while."""
        tried_or_passed_by = self.attempt > 0 or self.due <= now - COMPANY
        return tried_or_passed_by and now - LONGEST_BEHIND < self.accepted <= now


class Due(Struct, frozen=True):
    """A job whose time has come: what held it until now, and when it expires."""

    hold: Hold
    job: HeldJob
    expires: datetime


def waiting_behind(due: Iterable[Due], older: Iterable[OlderDigest], now: datetime) -> list[HeldJob]:
    """Those that are to be collected further, since an older digest of their reader can't go out.

    Else each hour of a night without a relay would make a digest, and all of them would come in the morning. Where one
    of a reader's jobs would expire soon, none of them waits.
    """
    collected = [one for one in due if one.hold is Hold.DIGEST]
    readers = {one.reader for one in older if one.is_stuck(now)}
    readers -= {one.job.reader for one in collected if one.expires <= now + BEHIND + _ROOM}
    return [one.job for one in collected if one.job.reader in readers]


def due_groups(
    due: Sequence[tuple[Hold, HeldJob]], others: Iterable[Ahead], size: int, too_many: int
) -> list[list[HeldJob]]:
    """What was held for one recipient until now, in the messages in which it goes out.

    `due` comes in the order of acceptance, `others` as in `digests`. What quiet hours held goes out message by message,
    unless there are more than `too_many` for one reader (0: any number may be).
    """
    quiet = Counter(one.reader for hold, one in due if hold is Hold.QUIET)
    alone = {one.job for hold, one in due if hold is Hold.QUIET and not (too_many and quiet[one.reader] > too_many)}
    together = [one for _, one in due if one.job not in alone]
    left = [Ahead(one.lane, one.place) for _, one in due if one.job in alone]
    groups = digests(together, [*others, *left], size)
    return [*groups, *([one] for _, one in due if one.job in alone)]


def _shown(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
