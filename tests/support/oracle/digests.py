"""When a message is due, where the rules of all who bring it collect them in digests: the semantics read once more."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from tests.support.oracle.people import Attempt
from tests.support.oracle.rules import digests_of

DAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
QUARTER = timedelta(minutes=15)


def due(reader: Attempt, bringing: list[Attempt]) -> str | None:
    """The soonest moment of all rules that bring it for this trigger, as JSON has it; None: at once."""
    said = [digest for one in bringing for digest in digests_of(one)]
    if None in said:
        return None
    return min(shown(next_time(one, reader.save.time, zone_of(reader))) for one in said if one)


def zone_of(reader: Attempt) -> str:
    """The person's time zone, their customer's, or that of a rule file that says nothing."""
    return reader.record.get("time_zone") or reader.customer.get("time_zone") or "UTC"


@lru_cache
def next_time(said: str, after: datetime, zone: str) -> datetime:
    """The first quarter of an hour after that moment of which the rule's words are true."""
    moment = after.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    while moment <= after or not is_time(said, moment.astimezone(ZoneInfo(zone))):
        moment += QUARTER
    return moment


def is_time(said: str, local: datetime) -> bool:
    """Whether a digest goes out at this local time, which is a quarter of an hour."""
    if said == "hourly":
        return local.minute == 0
    *_, clock = said.split()
    weekly = said.startswith("weekly")
    return f"{local:%H:%M}" == clock and (not weekly or DAYS[local.weekday()] == said.split()[2])


def shown(moment: datetime) -> str:
    return moment.isoformat()
