"""Better advice for frequent slips in rules: names, names of templates, conditions that are not text."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Sequence
from typing import Any, Final

from msgspec.structs import replace

from engine.rulebook.fields import trigger_meant
from schemas.problem import Problem
from schemas.rule_file import categories_of
from schemas.vocabulary import Channel, Trigger

_LETTERS: Final = str.maketrans({"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "Æ": "AE", "Œ": "OE"})
_ENDINGS: Final = re.compile(r"(?:\.[A-Za-z]{2,3}(?:-[A-Za-z0-9]+)*)?(?:\.(?:txt|html))?(?:\.j2)?")
_TEMPLATE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*(?:/[A-Za-z0-9][A-Za-z0-9_-]*)*")


def with_advice(problem: Problem, rule: Any) -> Problem:
    """The problem, with advice if its place in the rule and the value there show a known slip."""
    inside, value = problem.path[2:], rule
    try:
        for step in inside:
            value = value[step]
    except (KeyError, IndexError, TypeError):
        # The problem is about something that is missing, so there is no value to judge.
        return problem
    advice = _advice(tuple(map(str, inside)), value)
    return problem if advice is None else replace(problem, suggestion=advice)


def with_calendar_advice(problem: Problem, whole: Any) -> Problem:
    """The problem, with advice on days and hours that were written as if they were lists.

    YAML takes days with a comma between them, as in `{mon,wed: …}`, for two keys.
    """
    if problem.path[:1] != ("calendars",) or problem.path[2:3] != ("open",) or len(problem.path) != _DAYS_DEPTH:
        return problem
    days = whole["calendars"][problem.path[1]]["open"]
    hours = days[problem.path[3]]
    if isinstance(hours, list) and all(isinstance(one, str) for one in hours):
        return replace(problem, suggestion=f'write the spans in one text: `"{", ".join(hours)}"`')
    if hours is not None:
        return problem
    following = next((key for key, hours in days.items() if hours is not None), "wed")
    advice = f'put days with a comma between them in quotes: `"{problem.path[3]},{following}": …`'
    return replace(problem, suggestion=advice)


_DAYS_DEPTH: Final = 4
LONGEST_NAME: Final = 80
TRIGGERS: Final = frozenset(one.value for one in Trigger)
CHANNELS: Final = frozenset(one.value for one in Channel)
_TO: Final = frozenset(
    {"to", "cc", "bcc", "who", "people", "person", "recipient", "recipients", "address", "addresses", "email", "users"}
)
"""Keys by which other programs are told to whom a message goes."""


def _advice(inside: tuple[str, ...], value: object) -> str | None:
    match inside:
        case ("rule" | "instead_of",):
            return _name_advice(value)
        case ("on", *_):
            return trigger_meant(value) or _one_for_a_list(inside[1:], value, TRIGGERS)
        case ("for", *_) if isinstance(value, str):
            return _list_advice(value)
        case ("if",) if isinstance(value, bool):
            return "leave `if` out where the rule always holds, or name a field: `ticket.visible_to_customer == true`"
        case ("send", *further):
            return _sending_advice(tuple(further), value)
    return None


def _sending_advice(inside: tuple[str, ...], value: object) -> str | None:
    match inside:
        case ("template", *_) if isinstance(value, str):
            return _template_advice(value)
        case ("keyword", *_) if isinstance(value, list):
            return f'what stands in brackets is a list: put it in quotes, `"[{", ".join(map(str, value))}]"`'
        case ("channels",) if value == []:
            return "a rule always tells somebody: to tell nobody, narrow by its `if` the rule that would tell them"
        case ("channels", *further):
            return _one_for_a_list(further, value, CHANNELS)
        case ("languages", *further):
            return _one_for_a_list(further, value, None)
        case (key,) if key in _TO:
            return "a message goes to the people of the rule's `for`, at the addresses in their records"
    return None


def _one_for_a_list(inside: Sequence[str], value: object, allowed: Collection[str] | None) -> str | None:
    """Advice if a list was given as one text."""
    if inside or not isinstance(value, str):
        return None
    parts = [part for part in re.split(r"[\s,;+&/]+", value) if part and part not in {"and", "et", "und"}]
    is_known = allowed is None or all(part in allowed for part in parts)
    return f"write a list: `[{', '.join(parts)}]`" if parts and is_known else None


def _name_advice(value: object) -> str | None:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return f'write it in quotes: `"{value}"`'
    allowed = allowed_name(value) if isinstance(value, str) else ""
    if isinstance(value, str) and allowed == value[:LONGEST_NAME]:
        return f"it has {len(value)} characters, and may have {LONGEST_NAME}"
    return f"a name has letters (a to z), digits, - and _ alone: write `{allowed}`" if allowed else None


def allowed_name(name: str) -> str:
    """An allowed rule name that resembles this one, without accents and signs; empty if there is none."""
    plain = unicodedata.normalize("NFKD", name.translate(_LETTERS)).encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Za-z0-9_]+", "-", plain).strip("-_")[:LONGEST_NAME]


def _list_advice(value: str) -> str | None:
    """Advice if several categories were given as one text."""
    parts = [part.strip() for part in re.split(r"[,;+&/]|\s(?:and|et|und)\s", value) if part.strip()]
    if len(parts) > 1 and all(map(categories_of, parts)):
        return f"write a list: `[{', '.join(parts)}]`"
    return None


def _template_advice(name: str) -> str | None:
    """Advice if a template was given by its file instead of its name; otherwise None."""
    path = name.replace("\\", "/").strip("/").removeprefix("./").removeprefix("templates/")
    for found in re.finditer(r"\.", path):
        if _ENDINGS.fullmatch(path, found.start()):
            path = path[: found.start()]
            break
    if path == name or not _TEMPLATE.fullmatch(path):
        return None
    return f"a template is named below the templates folder, without language and ending: write `{path}`"
