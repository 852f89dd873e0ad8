"""What must agree between the rules of a file, and within its settings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from typing import Final

from msgspec import Struct

from schemas.fax_number import is_region
from schemas.finding import FindingCode
from schemas.language_tags import MOST_LANGUAGES, is_language, language_meant
from schemas.problem import Path, Problem
from schemas.rule_file import RuleEntry, Settings, categories_of
from schemas.suggestion import closest
from schemas.time_zones import time_zones, zone_meant
from schemas.vocabulary import Audience, Category, ObjectKind, Trigger


class Placed(Struct, frozen=True):
    """A rule, and where it stands in the file; an inherited one has no place there, and no faults."""

    entry: RuleEntry
    path: Path


def problems_between(placed: Sequence[Placed], further: Set[str]) -> list[Problem]:
    """Names used twice, and `instead_of` that names no rule, or leads back to its own rule.

    `further` are names of rules about which nothing else is known.
    """
    problems: list[Problem] = []
    replaces: dict[str, str | None] = {}
    entries = {each.entry.rule: each.entry for each in placed}
    for each in placed:
        name = each.entry.rule
        if name in replaces:
            message = f"there is another rule with the name `{name}` before"
            problems.append(
                Problem((*each.path, "rule"), message, code=FindingCode.DUPLICATE_RULE, suggestion="rename this one")
            )
        replaces[name] = each.entry.instead_of
        problems += _named_twice(each)
        problems += _overrides_nothing(each)
        problems += _languages_of(each)
    for each in placed:
        path, other = (*each.path, "instead_of"), each.entry.instead_of
        # A rule that could not be read as a whole may be named all the same.
        if other is None or other in further - replaces.keys():
            continue
        if other not in replaces:
            message = f"there is no rule `{other}` in this file"
            meant = closest(other, {*replaces, *further})
            problems.append(Problem(path, message, code=FindingCode.UNKNOWN_RULE, suggestion=meant))
        elif _leads_back(each.entry.rule, replaces):
            message = f"`instead_of` leads back to `{each.entry.rule}`: neither would ever apply"
            advice = "take `instead_of` out of one of them"
            problems.append(Problem(path, message, code=FindingCode.INSTEAD_OF_LOOP, suggestion=advice))
        elif not _may_meet(each.entry, entries[other]):
            message = f"`{other}` is for other people or triggers: the two can never match together"
            advice = "take `instead_of` out, or let both be for contacts, or both for collaborators"
            problems.append(Problem(path, message, code=FindingCode.INSTEAD_OF_OTHERS, suggestion=advice))
    return problems


def _may_meet(one: RuleEntry, other: RuleEntry) -> bool:
    """Whether some person and trigger can match both."""
    return bool({*one.audiences} & {*other.audiences}) and bool({*(one.on or Trigger)} & {*(other.on or Trigger)})


def _overrides_nothing(placed: Placed) -> Iterator[Problem]:
    entry = placed.entry
    if not entry.overrides_customer:
        return
    advice = None
    if Audience.CONTACTS not in entry.audiences:
        advice = "take it out: only contacts have a customer"
    elif entry.send is None or not any((entry.send.template, entry.send.keyword is not None, entry.send.format)):
        advice = "take it out, or name a template, keyword or format under `send`"
    if advice is not None:
        message = "this rule has nothing that could stand before a customer's"
        path = (*placed.path, "overrides_customer")
        yield Problem(path, message, code=FindingCode.WRONG_VALUE, suggestion=advice, at_key=True)


def _languages_of(placed: Placed) -> Iterator[Problem]:
    """What is wrong with the languages of a rule's messages. That one has templates is not asked: `check` warns."""
    named = (placed.entry.send.languages if placed.entry.send is not None else None) or ()
    for index, tag in enumerate(named):
        same = [one for one in named[:index] if one.replace("_", "-").lower() == tag.replace("_", "-").lower()]
        if not is_language(tag):
            message, advice = f"`{tag}` is no language", language_meant(tag)
        elif same:
            message, advice = f"`{tag}` stands in this list twice", "take it out of the list"
        elif index == MOST_LANGUAGES:
            message, advice = (
                f"a message has at most {MOST_LANGUAGES} languages",
                "take this one and those after it out",
            )
        else:
            continue
        yield Problem((*placed.path, "send", "languages", index), message, suggestion=advice)


def _named_twice(placed: Placed) -> Iterator[Problem]:
    """The words of a list of categories that name one which another word names before."""
    whom = placed.entry.for_
    if isinstance(whom, str):
        return
    for index, word in enumerate(whom):
        for other in whom[:index] + whom[index + 1 :]:
            if not (wider := {*categories_of(other)}).issuperset(named := categories_of(word)):
                continue
            if len(wider) > len(named) or word in whom[:index]:
                held = "stands in this list twice" if other == word else f"is one of `{other}` already"
                message = f"`{word}` {held}"
                path = (*placed.path, "for", index)
                yield Problem(path, message, code=FindingCode.WRONG_VALUE, suggestion="take it out of the list")
                break


def _leads_back(name: str, replaces: Mapping[str, str | None]) -> bool:
    following = replaces[name]
    # As many steps as there are rules: a loop that does not lead through this rule is found from another one.
    for _ in replaces:
        if following is None or following == name:
            break
        following = replaces.get(following)
    return following == name


def setting_problems(settings: Settings) -> list[Problem]:
    """What is wrong with the values of settings, or with two of them together."""
    problems: list[Problem] = []

    def complain(path: Path, message: str, suggestion: str, at_key: bool = False) -> None:
        code = FindingCode.WRONG_SETTING
        problems.append(Problem(("settings", *path), message, None, code, suggestion, at_key))

    if settings.language not in settings.languages:
        message = f"the default language `{settings.language}` is not one of `languages`"
        complain(("language",), message, f"name one of {', '.join(settings.languages)}, or add it to `languages`")
    if settings.time_zone not in time_zones():
        message = f"`{settings.time_zone}` is no IANA time zone"
        complain(("time_zone",), message, zone_meant(settings.time_zone))
    if settings.fax_region is not None and not is_region(settings.fax_region):
        complain(
            ("fax_region",), f"`{settings.fax_region}` is no region of two letters (ISO 3166)", "write one such as `FR`"
        )
    for key in settings.when_unnamed:
        if not categories_named(key):
            message = f"`{key}` is not product, site, service or one of their categories"
            complain(("when_unnamed", key), message, closest(key, _UNNAMED) or "write one of them", at_key=True)
    for status, labels in settings.statuses.items():
        if labels != "internal" and settings.language not in labels:
            message = f"the label in the default language `{settings.language}` is missing"
            complain(("statuses", status), message, f"add `{settings.language}: …`")
    return problems + _field_problems(settings)


def _field_problems(settings: Settings) -> list[Problem]:
    """Custom fields that list values and are no texts."""
    return [
        Problem(
            ("settings", "fields", name, "values"),
            f"the field is a {field.type}: only of a text can the values be listed",
            None,
            FindingCode.WRONG_SETTING,
            "take `values` out, or write `type: text`",
        )
        for name, field in settings.fields.items()
        if field.values is not None and field.type != "text"
    ]


_OPTIONAL_KINDS: Final = (ObjectKind.PRODUCT, ObjectKind.SITE, ObjectKind.SERVICE)
_UNNAMED: Final = frozenset(
    {*_OPTIONAL_KINDS, *(category for category in Category if category.object_kind in _OPTIONAL_KINDS)}
)
"""What may be a key of `when_unnamed`."""


def categories_named(key: str) -> frozenset[Category]:
    """The categories that a key of `when_unnamed` means; none where it means nothing."""
    return frozenset(
        category
        for category in Category
        if category.object_kind in _OPTIONAL_KINDS and key in (category, category.object_kind)
    )
