"""Calendars of a rule file, as their authors write them: when a desk is open."""

from __future__ import annotations

from typing import Annotated, Final

from msgspec import Meta, Struct

from schemas.reading import END

_DAY: Final = "(mon|tue|wed|thu|fri|sat|sun)"
_DAYS: Final = f"{_DAY}(-{_DAY})?"
_TIME: Final = "[0-9]{1,2}:[0-9]{2}"
_SPAN: Final = f"{_TIME} *- *{_TIME}"

# Only the published schema has these patterns, for editors. The reader of calendars checks them itself and says what is
# wrong in better words, see engine/rulebook/calendar_reading.py.
CalendarName = Annotated[
    str,
    Meta(
        description="A calendar's name, a letter first. Conditions name it: `time in support`.",
        extra_json_schema={"pattern": f"^[A-Za-z][A-Za-z0-9_-]*{END}"},
    ),
]
Days = Annotated[
    str,
    Meta(
        description='Days of the week: `sat`, `mon-fri`, `"mon,wed"`.',
        extra_json_schema={"pattern": f"^{_DAYS}( *, *{_DAYS})*{END}"},
    ),
]
Spans = Annotated[
    str,
    Meta(
        description='Hours of these days: "09:00-12:00, 14:00-18:00". The start of a span belongs to it, its end does '
        "not. It ends on its own day, at 24:00 at the latest.",
        extra_json_schema={"pattern": f"^{_SPAN}( *, *{_SPAN})*{END}"},
    ),
]
Holiday = Annotated[
    str,
    Meta(
        description="A day (`2026-12-24`), or a country (ISO 3166, `FR`) or part of one (`DE-BY`) with its public "
        "holidays.",
        extra_json_schema={"pattern": f"^([0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}|[A-Z]{{2}}(-[A-Z0-9]{{1,4}})?){END}"},
    ),
]


class CalendarSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """When a desk is open: its hours on the days of the week, in its time zone, less its holidays."""

    time_zone: Annotated[str, Meta(description="IANA time zone of its hours and days, such as `Europe/Paris`.")]
    open: Annotated[
        dict[Days, Spans],
        Meta(min_length=1, description="The hours on each day of the week; one that is not named is closed."),
    ]
    holidays: Annotated[list[Holiday], Meta(description="Days on which it is closed, whatever the hours.")] = []
