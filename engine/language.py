"""The languages and time zone of a message: a rule's, the person's, their customer's, the rule file's default."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from zoneinfo import ZoneInfo

from engine.directory.records import Customer, Person
from engine.rulebook.rulebook import LocalText, Policy, Rule


def languages_of(person: Person, customer: Customer | None, rules: Sequence[Rule], policy: Policy) -> tuple[str, ...]:
    """The languages of one message, the first one first: one or more.

    Those of the first of the rules that names some which have templates; else those that are asked for, else the
    default.
    """
    for rule in rules:
        if rule.languages is not None and (found := those_available(rule.languages, policy.languages)):
            return found
    return those_available(asked_for(person, customer), policy.languages) or (policy.language,)


def asked_for(person: Person, customer: Customer | None) -> tuple[str, ...]:
    """The languages that the person's record names, else their customer's: a list stands before a single one."""
    for record in (person, customer):
        if record is not None and (record.languages or record.language):
            return record.languages or (record.language or "",)
    return ()


@lru_cache(maxsize=1024)
def those_available(wanted: tuple[str, ...], languages: tuple[str, ...]) -> tuple[str, ...]:
    """The available languages that serve these tags: each once, in this order, without those that nothing serves."""
    served = (available(one, languages) for one in wanted)
    return tuple(dict.fromkeys(one for one in served if one is not None))


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
