"""What comes next for a job, and when: never a time that is over, whatever the ledger holds of it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from schemas.job import Schedule
from sender.ledger.jobs import JobListing
from sender.ledger.operator_actions import PAGE
from sender.ledger.outlook import holding, is_over
from sender.ledger.waits import MAILBOX, RELAY, Wait
from sender.messages.plain_text import one_line
from sender.records import LedgerEntry, Selection, lane_of
from sender.states import FINISHED, SCHEDULED, WAITING, Hold, State
from sender.storms.scheduled import OTHER_HOLDS

_NAME: Final = 260
"""Characters of the name of a domain: all of it."""
_UNITS: Final = ((timedelta(days=1), "d"), (timedelta(hours=1), "h"), (timedelta(minutes=1), "min"))


def time(moment: datetime) -> str:
    """A moment in UTC, to the second."""
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def ago(moment: datetime, now: datetime) -> str:
    """How long ago a moment was, by its two largest units: `4 min`, `2 h 5 min`."""
    left, parts = now - moment, []
    for unit, name in _UNITS:
        number, left = divmod(left, unit)
        if number:
            parts.append(f"{number} {name}")
    return f"{' '.join(parts[:2]) or f'{left.seconds} s'} ago"


def obstacles(entry: LedgerEntry, waits: Sequence[Wait], now: datetime) -> Iterator[str]:
    """What keeps it back and until when, or what has ended for it that a sender has not seen to yet."""
    stands = entry.standing
    if is_over(entry, now):
        over = entry.job.expires
        yield f"its time ended {ago(over, now)}, at {time(over)}: the next sender that looks ends it"
    elif stands.state is State.SENDING and stands.lease_until is not None and stands.lease_until <= now:
        then = "may go out at once, since nothing was handed over" if stands.never_offered else "may have arrived"
        ended = f"lease ended {ago(stands.lease_until, now)}, at {time(stands.lease_until)}"
        yield f"{ended}: the next sender takes it, and it {then}"
    elif stands.hold in SCHEDULED and stands.due is not None:
        yield _not_due_yet(entry, stands.due, now)
    elif stands.hold in OTHER_HOLDS and entry.schedule is not None:
        yield _kept_from(entry.schedule, now)
    else:
        yield from (_held_back(one, now) for one in holding(entry, waits))


def _not_due_yet(entry: LedgerEntry, due: datetime, now: datetime) -> str:
    said = f" ({one_line(entry.schedule.said, _NAME)})" if entry.schedule is not None and entry.schedule.said else ""
    if due <= now:
        return f"due since {time(due)}{said}: the next sender that looks lets it go"
    if entry.schedule is None or entry.schedule.at < due:
        return f"late{said}: goes out with what else is late for its reader, at {time(due)}; released, at once"
    what = "collected for the digest of" if entry.standing.hold is Hold.DIGEST else "held until"
    return f"{what} {time(due)}{said}; released, it goes out at once"


def _kept_from(schedule: Schedule, now: datetime) -> str:
    """What becomes of a job that something else holds than what its rule says."""
    said, due = one_line(schedule.said, _NAME), time(schedule.at)
    what = "the digest" if schedule.digest else "the end of quiet hours"
    if schedule.at <= now:
        return f"was due at {due} ({said}): once it is let go, it goes out with what else is late for its reader"
    return f"due at {due} ({said}): once it is let go, it waits for {what}"


def _held_back(one: Wait, now: datetime) -> str:
    if one.name == RELAY:
        what = "the mail relay is out of reach"
    elif one.name.startswith(MAILBOX):
        what = "its mailbox is put off"
    else:
        what = f"mail to {one_line(one.name, _NAME)} is put off"
    return f"held back: {what}, {f'until {time(one.until)}' if one.until > now else 'and is being tried'}"


MOST_PAGES: Final = 4
"""Pages of open jobs of one ticket that are looked at. Where there are more, the oldest of these is named."""


def ahead_of(ledger: JobListing, entry: LedgerEntry, bundled: Collection[LedgerEntry] = ()) -> LedgerEntry | None:
    """The oldest open job for which this one waits; None where it waits for none.

    It waits neither for those that its own digest lists, which are `bundled`, nor for what is held until it is due.
    """
    listed_here = {one.job.id for one in bundled}
    if entry.standing.state not in WAITING:
        return None
    wanted = Selection(ticket=entry.job.ticket, states=frozenset(State) - FINISHED)
    lane, before, found = lane_of(entry.job), entry.job.id, None
    for _ in range(MOST_PAGES):
        page = ledger.list(wanted, PAGE, before)
        for listed in page:
            # Pages go from the newest to the oldest, so the last one found is the oldest.
            one = listed.entry
            is_away = one.job.id in listed_here or one.standing.hold in SCHEDULED
            if lane_of(one.job) == lane and not is_away:
                found = one
        if len(page) < PAGE:
            break
        before = page[-1].entry.job.id
    return found
