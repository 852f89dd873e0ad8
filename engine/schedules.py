"""When a message goes out: at once, or later where all rules that bring it say so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from engine.rulebook.calendars import Calendar, next_opening
from engine.rulebook.rulebook import Rule
from schemas.job import Schedule


def soonest(
    rules: Sequence[Rule], saved_at: datetime, time_zone: str, calendars: Mapping[str, Calendar]
) -> Schedule | None:
    """What the rule says that brings it soonest, by the time of the save; None: it goes out at once.

    Of two that bring it at one moment, the one with a digest.
    """
    given = []
    for rule in rules:
        schedule = _of(rule, saved_at, time_zone, calendars)
        if schedule is None:
            return None
        given.append(schedule)
    return min(given, key=lambda one: (one.at, not one.digest), default=None)


def _of(rule: Rule, saved_at: datetime, time_zone: str, calendars: Mapping[str, Calendar]) -> Schedule | None:
    """What one rule says. A digest that is due in quiet hours waits for their end."""
    if rule.digest is None and rule.quiet is None:
        return None
    at, said = saved_at, []
    if rule.digest is not None:
        said.append(rule.digest.said)
        try:
            at = rule.digest.after(saved_at, time_zone)
        except OverflowError:
            # At the very end of the calendar.
            return None
    if rule.quiet is not None:
        said.append(f"quiet outside {rule.quiet}")
        # One that stays closed for longer than messages live holds nothing.
        at = next_opening(calendars[rule.quiet], at) or saved_at
    if at <= saved_at:
        return None
    return Schedule(at, rule.digest is not None, ", ".join(said))
