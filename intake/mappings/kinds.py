"""What may stand in each field of an event: how a value of a payload becomes one, or why it can't."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

from msgspec import Struct

from intake.observation import Moment
from schemas.reading import HALF, IDENTIFIER_LENGTH, UNSEEN, check_free_value, not_allowed
from schemas.refusal import RefusedError
from schemas.vocabulary import ActorKind, Origin, Trigger

_UNSEEN: Final = re.compile(f"[{UNSEEN}]")
_LARGEST: Final = 2**63
_MOST_TRIGGERS: Final = 20


class Kind(Struct, frozen=True):
    """What may stand in a field.

    `convert` makes it of a value that is not null. It raises ValueError with the reason, in words without the value.
    """

    name: str
    convert: Callable[[Any], Any]
    is_text: bool = False
    is_flag: bool = False
    is_time: bool = False
    is_list: bool = False
    words: tuple[str, ...] = ()
    """The only words that may stand there; empty: it takes more than a few."""


def unusable(reason: str) -> ValueError:
    """An error for a value that can't stand where it does, of whichever type it is."""
    return ValueError(reason)


def as_text(value: Any) -> str:
    """A text or number as text: 42 and 42.0 are `42`. Raises ValueError."""
    if isinstance(value, str):
        if HALF.search(value):
            raise ValueError("this text holds half of a character")
        return value
    if isinstance(value, float) and value.is_integer() and abs(value) < _LARGEST:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise unusable(f"{named(value)} is no text")
    if abs(value) >= _LARGEST:
        raise ValueError("the number is too large")
    return str(value)


def named(value: Any) -> str:
    """The kind of a JSON value, in words without the value."""
    match value:
        case None:
            return "null"
        case bool():
            return "true or false"
        case str():
            return "a text"
        case int() | float():
            return "a number"
        case list():
            return "a list"
        case _:
            return "an object"


def _identifier(value: Any) -> str | None:
    text = as_text(value).strip()
    if len(text) > IDENTIFIER_LENGTH:
        raise ValueError(f"an id has no more than {IDENTIFIER_LENGTH} characters")
    if _UNSEEN.search(text):
        raise ValueError("an id has no control character")
    # Many helpdesks have no null: an empty field is none.
    return text or None


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise unusable(f"{named(value)} is neither true nor false: say by `map` or `is` what it means")
    return value


def _time(value: Any) -> datetime:
    # Times are read by `times.py`. What comes here otherwise is a constant.
    if not isinstance(value, datetime):
        raise unusable("a time is read from the payload: give a path")
    return value


def _word(words: type[StrEnum]) -> Callable[[Any], StrEnum]:
    def convert(value: Any) -> StrEnum:
        try:
            return words(value)
        except ValueError:
            raise ValueError(_among(value, tuple(words))) from None

    return convert


def _among(value: Any, words: tuple[str, ...]) -> str:
    if isinstance(value, str):
        return not_allowed(value, words)
    return f"{named(value)} is none of {', '.join(words)}"


def _triggers(value: Any) -> tuple[Trigger, ...]:
    words = value if isinstance(value, list) else [value]
    if len(words) > _MOST_TRIGGERS:
        raise ValueError(f"there are more than {_MOST_TRIGGERS} triggers")
    named_ones = {_TRIGGER(word) for word in words}
    return tuple(trigger for trigger in Trigger if trigger in named_ones)


def _notify(value: Any) -> Any:
    if isinstance(value, bool) or value == "internal":
        return value
    raise ValueError(f"{named(value)} is none of true, false, internal")


def _free(value: Any) -> Any:
    try:
        check_free_value("", value)
    except RefusedError as error:
        raise ValueError(error.refusals[0].reason) from None
    if isinstance(value, str):
        return as_text(value)
    return value


_TRIGGER: Final = _word(Trigger)

IDENTIFIER: Final = Kind("id", _identifier, is_text=True)
TEXT: Final = Kind("text", as_text, is_text=True)
FLAG: Final = Kind("flag", _flag, is_flag=True)
TIME: Final = Kind("time", _time, is_time=True)
FREE: Final = Kind("custom field", _free, is_text=True, is_flag=True)
MOMENT: Final = Kind("moment", _word(Moment), words=tuple(Moment))
ORIGIN: Final = Kind("origin", _word(Origin), words=tuple(Origin))
ACTOR_KIND: Final = Kind("kind of actor", _word(ActorKind), words=tuple(ActorKind))
TRIGGERS: Final = Kind("triggers", _triggers, is_list=True, words=tuple(Trigger))
NOTIFY: Final = Kind("notify", _notify, is_flag=True)

TICKET: Final[Mapping[str, Kind]] = {
    "id": IDENTIFIER,
    "contract": IDENTIFIER,
    "customer": IDENTIFIER,
    "title": TEXT,
    "external_description": TEXT,
    "status": IDENTIFIER,
    "resolution_marked": FLAG,
    "closed_for_customer": FLAG,
    "reference": TEXT,
    "product": IDENTIFIER,
    "site": IDENTIFIER,
    "service": IDENTIFIER,
    "internal_notes": TEXT,
    "resolution_text": TEXT,
    "priority": TEXT,
    "closed_internally": FLAG,
    "visible_to_customer": FLAG,
    "created_at": TIME,
    "first_described_at": TIME,
}
"""The fields of a ticket but `links` and `custom`, whose members are texts and free values."""

ACTOR: Final[Mapping[str, Kind]] = {"kind": ACTOR_KIND, "id": IDENTIFIER, "email": IDENTIFIER}


def as_json(value: Any) -> Any:
    """A value as an event has it: times as in RFC 3339, in UTC."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return value
