"""Jobs that are not to go out at once: until when each is held, and in which messages they go out then.

What is held so is in nobody's way: later jobs of its lane go out before it, since they may be urgent. Each message says
when its save was, and so does each line of a digest. Once it is due it stands in the order of its lane again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Final

from sender.records import LedgerEntry, Report
from sender.states import Hold
from sender.storms.digests import HeldJob, digests, held_again

SAID: Final = 100
"""Characters of what a rule says that are kept with the change."""


def scheduled_report(entry: LedgerEntry, now: datetime) -> Report | None:
    """What happens to a new job that is not due yet; None where it may go out: it has no schedule, or would expire."""
    schedule = entry.schedule
    if schedule is None or not now < schedule.at < entry.job.expires:
        return None
    return held_again(entry, f"until {_shown(schedule.at)}: {schedule.said[:SAID]}")


def wanted_at(entry: LedgerEntry) -> datetime:
    """From when a job was to go out: from its save, or from when its schedule lets it."""
    schedule, saved_at = entry.schedule, entry.job.context.saved_at
    return saved_at if schedule is None or schedule.at >= entry.job.expires else max(saved_at, schedule.at)


def made_by(carrier: LedgerEntry) -> Hold:
    """What held the jobs of this carrier's digest."""
    schedule = carrier.schedule
    if schedule is None:
        return Hold.STORM
    return Hold.DIGEST if schedule.digest else Hold.QUIET


def due_groups(
    due: Sequence[tuple[Hold, HeldJob]], others: Iterable[tuple[str, int]], size: int, too_many: int
) -> list[list[HeldJob]]:
    """What was held for one recipient until one moment, in the messages in which it goes out.

    `due` comes in the order of acceptance, `others` as in `digests`. What quiet hours held goes out message by message,
    unless there are more than `too_many` for one reader (0: any number may be).
    """
    quiet = Counter(one.reader for hold, one in due if hold is Hold.QUIET)
    alone = {one.job for hold, one in due if hold is Hold.QUIET and not (too_many and quiet[one.reader] > too_many)}
    together = [one for _, one in due if one.job not in alone]
    left = [(one.lane, one.place) for _, one in due if one.job in alone]
    groups = digests(together, [*others, *left], size)
    return [*groups, *([one] for _, one in due if one.job in alone)]


def _shown(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
