"""The time zones that exist, and which one was probably meant by a name that is none."""

from __future__ import annotations

import re
from functools import cache
from typing import Final
from zoneinfo import available_timezones

from babel.core import get_global

from schemas.suggestion import closest

_OFFSET: Final = re.compile(r"[a-z]{0,4}[+-][0-9]{1,2}(:?[0-9]{2})?", re.IGNORECASE)
_ABBREVIATION: Final = re.compile(r"[A-Z]{2,5}")
_NO_ZONES: Final = frozenset({"localtime", "Factory"})
"""Names in that database that are no zones: what one machine is set to (`localtime`), and a machine without any."""
_WRITE_ONE: Final = "write one such as `Europe/Paris`"


@cache
def time_zones() -> frozenset[str]:
    """The names of the IANA database on this machine, or of the package tzdata where the machine has none."""
    # Kept, since the names are those of some hundred files.
    return frozenset(available_timezones()) - _NO_ZONES


def zone_meant(name: str) -> str:
    """What to write in place of a name that is no time zone, in words that follow a colon.

    It knows the zones of Windows (CLDR, windowsZones), and cities without their area. No zone is suggested for an
    offset (`UTC+2`) or an abbreviation (`CEST`): it would be wrong for half of the year, and `Etc/GMT+2` is two hours
    west of Greenwich.
    """
    plain = " ".join(name.split())
    others = _by_other_names()
    meant = others.get(plain.casefold()) or others.get(plain.replace(" ", "_").casefold())
    if meant is not None:
        return f"did you mean `{meant}`?"
    if _OFFSET.fullmatch(plain) or _ABBREVIATION.fullmatch(plain):
        return f"an offset or abbreviation does not follow the change of the clock, {_WRITE_ONE}"
    return (None if plain in _NO_ZONES else closest(plain, time_zones())) or _WRITE_ONE


@cache
def _by_other_names() -> dict[str, str]:
    """Zones by names without case: a city that only one zone has, their name in Windows, their own name."""
    cities: dict[str, set[str]] = {}
    for zone in time_zones():
        area, slash, city = zone.partition("/")
        if slash and area not in ("Etc", "SystemV", "US", "posix", "right"):
            cities.setdefault(city.rpartition("/")[2].casefold(), set()).add(zone)
    # Of one name in several of these, the last counts: a zone's own name before any other.
    alone = {city: min(zones) for city, zones in cities.items() if len(zones) == 1}
    windows = {name.casefold(): zone for name, zone in get_global("windows_zone_mapping").items()}
    return alone | windows | {zone.casefold(): zone for zone in time_zones()}
