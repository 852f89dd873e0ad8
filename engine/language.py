"""The language and time zone of a message: the person's, their customer's, the rule file's default."""

from __future__ import annotations

from functools import lru_cache
from zoneinfo import ZoneInfo

from engine.directory.records import Customer, Person
from engine.rulebook.rulebook import LocalText, Policy


def language_of(person: Person, customer: Customer | None, policy: Policy) -> str:
    """The language that the person will read: the first that is given, where it has templates, else the default."""
    wanted = person.language or (customer.language if customer is not None else None)
    if wanted is None:
        return policy.language
    return available(wanted, policy.languages) or policy.language


@lru_cache(maxsize=1024)
def available(wanted: str, languages: tuple[str, ...]) -> str | None:
    """The available language that serves this tag.

    Itself, or the same language without region (RFC 4647, section 3.4).
    """
    # Platforms write `pt_BR` as well as `pt-BR`.
    tag = wanted.replace("_", "-").lower()
    while tag:
        for language in languages:
            if language.lower() == tag:
                return language
        tag = tag.rpartition("-")[0]
    return None


def time_zone_of(person: Person, customer: Customer | None, policy: Policy) -> str:
    """The first time zone of the three that exists."""
    for wanted in (person.time_zone, customer.time_zone if customer is not None else None):
        if wanted and _exists(wanted):
            return wanted
    return policy.time_zone


@lru_cache(maxsize=1024)
def _exists(time_zone: str) -> bool:
    try:
        # It reads a file by this name; names that lead out of the folder raise ValueError.
        ZoneInfo(time_zone)
    except (KeyError, ValueError, OSError):
        return False
    return True


def localised(text: LocalText, language: str, default: str) -> str:
    """A text in this language, else in the default one."""
    return text if isinstance(text, str) else text.get(language, text.get(default, ""))
