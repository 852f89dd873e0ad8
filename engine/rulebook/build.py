"""From a rule file's content to a rulebook, or to everything that is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from zoneinfo import available_timezones

from msgspec import Struct

from engine.rulebook.conditions.check import check_condition
from engine.rulebook.conditions.lexer import ConditionError
from engine.rulebook.conditions.parser import parse_condition
from engine.rulebook.conditions.syntax import Node, Place
from engine.rulebook.fields import BUILT_IN_FIELDS, Field, FieldType, custom_field, nearest
from engine.rulebook.rulebook import DefaultForm, MainSite, Policy, Rule, Rulebook
from schemas.fax_number import is_region
from schemas.rule_file import Defaults, RuleEntry, RuleFile, Settings, TriggerForms
from schemas.vocabulary import Audience, Category, Channel, MessageFormat, ObjectKind, Trigger

Path = tuple[str | int, ...]


class Problem(Struct, frozen=True):
    """What is wrong, and where: `path` leads to a value of the file, `place` into that value's text."""

    path: Path
    message: str
    place: Place | None = None


class RulebookError(ValueError):
    """A rule file that can't be used, with all that is wrong with it."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("; ".join(problem.message for problem in problems))
        self.problems = problems


class Base(Struct, frozen=True):
    """What an extending file starts from: content that has been built before."""

    settings: Settings
    defaults: Defaults
    rules: tuple[RuleEntry, ...]


def build_rulebook(content: RuleFile, digest: str, base: Base | None = None) -> Rulebook:
    """The rulebook of a file. `base` holds what `extends` brings. Raises RulebookError with every problem found."""
    problems: list[Problem] = []
    inherited = base if content.extends is not None else None
    settings = content.settings or (inherited.settings if inherited else Settings())
    defaults = content.defaults or (inherited.defaults if inherited else None)
    if defaults is None:
        message = "`defaults` is missing: write it, or start from the default rules with `extends: default`"
        raise RulebookError([Problem((), message)])
    fields = _fields(settings)
    placed = _placed(content.rules, inherited.rules if inherited else ())
    rules = [_rule(position, each.entry, fields, each.path, problems) for position, each in enumerate(placed)]
    problems += _problems_between(placed)
    problems += _setting_problems(settings)
    policy = _policy(settings, defaults)
    if problems:
        raise RulebookError(problems)
    return Rulebook(digest, tuple(rules), policy, fields)


def _fields(settings: Settings) -> Mapping[str, Field]:
    custom = [custom_field(name, FieldType(given.type), given.meaning) for name, given in settings.fields.items()]
    return {**BUILT_IN_FIELDS, **{field.name: field for field in custom}}


class _Placed(Struct, frozen=True):
    """A rule, and where it stands in the file; an inherited one has no place there, and no faults."""

    entry: RuleEntry
    path: Path


def _placed(own: Sequence[RuleEntry], inherited: Sequence[RuleEntry]) -> list[_Placed]:
    """All rules in their order. An own rule with an inherited one's name stands in its place."""
    named = {entry.rule: index for index, entry in reversed([*enumerate(own)])}
    known = {entry.rule for entry in inherited}
    first = [
        _Placed(own[named[one.rule]], ("rules", named[one.rule])) if one.rule in named else _Placed(one, ())
        for one in inherited
    ]
    rest = [
        _Placed(entry, ("rules", index))
        for index, entry in enumerate(own)
        if entry.rule not in known or named[entry.rule] != index
    ]
    return first + rest


def _rule(position: int, entry: RuleEntry, fields: Mapping[str, Field], path: Path, problems: list[Problem]) -> Rule:
    send = entry.send
    return Rule(
        position=position,
        name=entry.rule,
        category=entry.for_,
        triggers=frozenset(entry.on or Trigger),
        condition=_condition(entry, fields, (*path, "if"), problems),
        channels=frozenset((send.channels if send else None) or Channel),
        path=path,
        text=entry.if_,
        instead_of=entry.instead_of,
        template=send.template if send else None,
        keyword=send.keyword if send else None,
        format=send.format if send else None,
    )


def _condition(entry: RuleEntry, fields: Mapping[str, Field], path: Path, problems: list[Problem]) -> Node | None:
    if entry.if_ is None:
        return None
    try:
        node = parse_condition(entry.if_)
    except ConditionError as error:
        problems.append(Problem(path, error.message, error.place))
        return None
    found = check_condition(node, fields, entry.for_.audience, entry.on)
    problems += [Problem(path, error.message, error.place) for error in found]
    return node


def _problems_between(placed: Sequence[_Placed]) -> list[Problem]:
    """Names used twice, and `instead_of` that names no rule, or leads back to its own rule."""
    problems: list[Problem] = []
    replaces: dict[str, str | None] = {}
    entries = {each.entry.rule: each.entry for each in placed}
    for each in placed:
        name = each.entry.rule
        if name in replaces:
            message = f"there is another rule with the name `{name}` before: rename this one"
            problems.append(Problem((*each.path, "rule"), message))
        replaces[name] = each.entry.instead_of
    for each in placed:
        path, other = (*each.path, "instead_of"), each.entry.instead_of
        if other is not None and other not in replaces:
            message = f"there is no rule `{other}` in this file{nearest(other, set(replaces))}"
            problems.append(Problem(path, message))
        elif _leads_back(each.entry.rule, replaces):
            problems.append(Problem(path, f"`instead_of` leads back to `{each.entry.rule}`: neither would ever apply"))
        elif other is not None and not _may_meet(each.entry, entries[other]):
            message = f"`{other}` is for other people or triggers: the two can never match together"
            problems.append(Problem(path, message))
    return problems


def _may_meet(one: RuleEntry, other: RuleEntry) -> bool:
    """Whether some person and trigger can match both."""
    return one.for_.audience is other.for_.audience and bool({*(one.on or Trigger)} & {*(other.on or Trigger)})


def _leads_back(name: str, replaces: Mapping[str, str | None]) -> bool:
    following = replaces[name]
    for _ in replaces:
        if following is None or following == name:
            break
        following = replaces.get(following)
    return following == name


def _setting_problems(settings: Settings) -> list[Problem]:
    problems: list[Problem] = []

    def complain(key: str, message: str, *further: str) -> None:
        problems.append(Problem(("settings", key, *further), message))

    if settings.language not in settings.languages:
        complain("language", f"the default language `{settings.language}` is not one of `languages`")
    if settings.time_zone not in available_timezones():
        complain(
            "time_zone",
            f"`{settings.time_zone}` is no IANA time zone{nearest(settings.time_zone, available_timezones())}",
        )
    if settings.fax_region is not None and not is_region(settings.fax_region):
        complain("fax_region", f"`{settings.fax_region}` is no region of two letters (ISO 3166) such as FR")
    for key in settings.when_unnamed:
        if not _categories_named(key):
            complain("when_unnamed", f"`{key}` is not product, site, service or one of their categories", key)
    for status, labels in settings.statuses.items():
        if labels != "internal" and settings.language not in labels:
            complain("statuses", f"the label in the default language `{settings.language}` is missing", status)
    return problems


def _categories_named(key: str) -> frozenset[Category]:
    """The categories that a key of `when_unnamed` means; none where it means nothing."""
    kinds = (ObjectKind.PRODUCT, ObjectKind.SITE, ObjectKind.SERVICE)
    return frozenset(
        category for category in Category if category.object_kind in kinds and key in (category, category.object_kind)
    )


def _policy(settings: Settings, defaults: Defaults) -> Policy:
    nobody: frozenset[Category] = frozenset()
    # The key for one category is nearer than the one for its kind of object, whatever their order.
    for key, whom in sorted(settings.when_unnamed.items(), key=lambda item: "." in item[0]):
        nobody = nobody | _categories_named(key) if whom == "none" else nobody - _categories_named(key)
    fax = DefaultForm(defaults.fax.template, defaults.fax.keyword, MessageFormat.TEXT)
    return Policy(
        language=settings.language,
        languages=tuple(settings.languages),
        time_zone=settings.time_zone,
        stale_after=timedelta(hours=settings.stale_after_hours),
        deliver_within=timedelta(hours=settings.deliver_within_hours),
        nobody_when_unnamed=nobody,
        main_site=MainSite(settings.main_site),
        statuses={status: None if labels == "internal" else labels for status, labels in settings.statuses.items()},
        custom_fields=settings.fields,
        forms={
            **_forms(Audience.CONTACTS, defaults.contacts),
            **_forms(Audience.COLLABORATORS, defaults.collaborators),
        },
        fax=fax,
        fax_region=settings.fax_region,
    )


def _forms(audience: Audience, forms: TriggerForms) -> dict[tuple[Audience, Trigger], DefaultForm]:
    found = {}
    for trigger in Trigger:
        form = getattr(forms, trigger.value)
        found[audience, trigger] = DefaultForm(form.template, form.keyword, form.format)
    return found
