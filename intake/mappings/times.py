"""Times as helpdesks write them, read into UTC."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from intake.mappings.kinds import unusable
from schemas.suggestion import closest

ISO: Final = "iso"
_EPOCHS: Final = {"seconds": 1, "milliseconds": 1_000}
WORDS: Final = (ISO, *_EPOCHS)
_LONGEST: Final = 100
_LATEST: Final = 253_402_300_799
"""Seconds from 1970 to the end of the year 9999."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_SAMPLE: Final = datetime(2026, 11, 27, 16, 5, 9, tzinfo=UTC)
_WHOLE: Final = re.compile(r"-?[0-9]{1,15}")
_FRACTION: Final = re.compile(r"[.,]([0-9]+)")
_OFFSET: Final = re.compile(r"\s?(?:Z|([+-][0-9]{2}):?([0-9]{2})?)$", re.IGNORECASE)
_CODES: Final = frozenset("aAbBdHIjmMpSfyYzZ%")
_DAY: Final = ({"%d", "%m"}, {"%d", "%b"}, {"%d", "%B"}, {"%j"})

ReadTime = Callable[[Any], datetime]
"""Reads a value of a payload. Raises ValueError with the reason, without the value."""


def reader(written: str, zone: str | None) -> ReadTime:
    """Reads times written in this way: `iso`, `seconds`, `milliseconds` or a format. A local time is of the zone."""
    where = None if zone is None else ZoneInfo(zone)
    if written in _EPOCHS:
        return lambda value: _of_epoch(value, _EPOCHS[written])
    if written == ISO:
        return lambda value: _in_utc(_of_iso(_text(value)), where)
    return lambda value: _in_utc(_of_format(_text(value), written), where)


def fault_of_format(written: str) -> str | None:
    """What is wrong with a way to write times, in words with what to do; None where it can be used."""
    if written in WORDS:
        return None
    if "%" not in written:
        return closest(written, WORDS) or f"write one of {', '.join(WORDS)}, or a format such as `%d/%m/%Y %H:%M`"
    codes = re.findall(r"%.?", written)
    strange = next((code for code in codes if code[1:] not in _CODES), None)
    if strange is not None:
        return f"`{strange}` is no code of a time, the codes are {', '.join(sorted(_CODES))}"
    if len(set(codes) - {"%%"}) != len([code for code in codes if code != "%%"]):
        return "a code stands in it twice"
    if not ({"%Y", "%y"} & set(codes) and any(day <= set(codes) for day in _DAY)):
        return "it needs a year (`%Y`), a month (`%m`) and a day (`%d`)"
    try:
        datetime.strptime(_SAMPLE.strftime(written), written)  # noqa: DTZ007 - only asked whether it can be read
    except (ValueError, re.error):
        return "times written in this way can't be read back"
    return None


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise unusable("a time is a text here")
    if len(value) > _LONGEST:
        raise ValueError(f"a time has no more than {_LONGEST} characters")
    return value.strip()


def _of_iso(text: str) -> datetime:
    # Offsets as +0100 and fractions of any length are common, and Python reads them on 3.11 in part.
    plain = _FRACTION.sub(lambda found: "." + found[1][:6].ljust(6, "0"), text, count=1)
    plain = _OFFSET.sub(lambda found: f"{found[1]}:{found[2] or '00'}" if found[1] else "+00:00", plain)
    try:
        if len(plain) > len("2026-11-27"):
            return datetime.fromisoformat(plain)
    except ValueError:
        pass
    raise ValueError("this is no time as in ISO 8601, such as 2026-11-27T16:05:09Z")


def _of_format(text: str, written: str) -> datetime:
    try:
        return datetime.strptime(text, written)  # noqa: DTZ007 - a local time gets its zone next
    except (ValueError, OverflowError):
        raise ValueError(f"this time is not written as `{written}`") from None


def _in_utc(time: datetime, zone: ZoneInfo | None) -> datetime:
    if time.tzinfo is None:
        if zone is None:
            raise ValueError("this time has no offset: name its time zone by `zone`")
        time = time.replace(tzinfo=zone)
    try:
        return time.astimezone(UTC)
    except OverflowError:
        raise ValueError("the time lies outside the years 1 to 9999 in UTC") from None


def _of_epoch(value: Any, per_second: int) -> datetime:
    if isinstance(value, str) and _WHOLE.fullmatch(value.strip()):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise unusable("a time is a number here")
    if not 0 <= value <= _LATEST * per_second:
        raise ValueError("the time lies outside the years 1970 to 9999")
    # Whole numbers are exact so; a float of seconds has its own small error.
    return _EPOCH + timedelta(microseconds=round(value * (1_000_000 // per_second)))
