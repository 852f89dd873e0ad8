"""From a rule file's content to a rulebook, or to everything that is wrong with it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from datetime import timedelta
from typing import Final

from msgspec import Struct

from engine.rulebook.calendar_reading import read_calendars
from engine.rulebook.calendars import Calendar
from engine.rulebook.conditions.check import check_condition, fields_of_one_audience
from engine.rulebook.conditions.lexer import ConditionError
from engine.rulebook.conditions.parser import parse_condition
from engine.rulebook.conditions.syntax import Node
from engine.rulebook.consistency import Placed, categories_named, problems_between, setting_problems
from engine.rulebook.digest_times import DigestTimes, digest_times
from engine.rulebook.fields import BUILT_IN_FIELDS, Field, FieldType, calendar_field, custom_field
from engine.rulebook.problems import Partial, RulebookError, problem_of_condition
from engine.rulebook.rulebook import DefaultForm, MainSite, Policy, Rule, Rulebook
from schemas.calendars import CalendarSettings
from schemas.finding import FindingCode
from schemas.job import BUILT_IN_FORMS
from schemas.problem import Path, Problem
from schemas.rule_file import AudienceForms, Defaults, FormSettings, RuleEntry, RuleFile, Send, Settings
from schemas.suggestion import closest
from schemas.vocabulary import Audience, Category, Channel, MessageFormat, Trigger


class Base(Struct, frozen=True):
    """What an extending file starts from: content that has been built before."""

    settings: Settings
    defaults: Defaults
    rules: tuple[RuleEntry, ...]
    calendars: Mapping[str, CalendarSettings]


class Examined(Struct, frozen=True):
    """What a file comes to: all that is wrong with it, and a rulebook of those of its rules that are right.

    The rulebook is None where there are no defaults. It may be put in force only where nothing is wrong.
    """

    rulebook: Rulebook | None
    problems: list[Problem]


def build_rulebook(content: RuleFile, digest: str, base: Base | None = None) -> Rulebook:
    """The rulebook of a file. `base` holds what `extends` brings. Raises RulebookError with every problem found."""
    examined = examine(content, digest, base)
    if examined.problems or examined.rulebook is None:
        raise RulebookError(examined.problems)
    return examined.rulebook


def examine(content: RuleFile, digest: str, base: Base | None = None, partial: Sequence[Partial] = ()) -> Examined:
    """Build what can be built, and name every problem.

    `partial` are rules that are in the file and not in `content`.
    """
    problems: list[Problem] = []
    # A file has its own settings and defaults, or else those that it inherits.
    inherited = base if content.extends is not None else None
    settings = content.settings or (inherited.settings if inherited else Settings())
    defaults = content.defaults or (inherited.defaults if inherited else None)
    given = {**(inherited.calendars if inherited else {}), **content.calendars}
    calendars, problems_of_calendars = read_calendars(given)
    problems += problems_of_calendars
    fields = _fields(settings, calendars)
    placed = _placed(content.rules, inherited.rules if inherited else (), partial)
    rules: list[Rule] = []
    for each in placed:
        rules += _rules(len(rules), each.entry, fields, given.keys(), each.path, problems)
    for one in partial:
        if one.condition is not None:
            _condition(one.condition, fields, one.audiences, (None, None), ("rules", one.index, "if"), problems)
    problems += problems_between(placed, {one.name for one in partial if one.name is not None})
    problems += setting_problems(settings)
    if defaults is None:
        problems.append(
            Problem(
                (),
                "`defaults` is missing",
                code=FindingCode.MISSING_KEY,
                suggestion="write it, or start from the default rules with `extends: default`",
            )
        )
        return Examined(None, problems)
    return Examined(Rulebook(digest, tuple(rules), _policy(settings, defaults, calendars), fields), problems)


def _fields(settings: Settings, calendars: Iterable[str]) -> Mapping[str, Field]:
    custom = [
        custom_field(name, FieldType(given.type), given.meaning, None if given.values is None else tuple(given.values))
        for name, given in settings.fields.items()
    ]
    hours = map(calendar_field, calendars)
    return {**BUILT_IN_FIELDS, **{field.name: field for field in (*custom, *hours)}}


def _placed(
    entries: Sequence[RuleEntry], inherited: Sequence[RuleEntry], partial: Sequence[Partial] = ()
) -> list[Placed]:
    """All rules in their order. An own rule with an inherited one's name stands in its place."""
    left_out = {one.index for one in partial}
    indices = (index for index in range(len(entries) + len(left_out)) if index not in left_out)
    own = [Placed(entry, ("rules", index)) for index, entry in zip(indices, entries, strict=True)]
    # The first of two rules with one name counts here. That there are two is a problem of its own.
    named = {each.entry.rule: each for each in reversed(own)}
    known = {entry.rule for entry in inherited}
    first = [named.get(one.rule, Placed(one, ())) for one in inherited]
    rest = [each for each in own if each.entry.rule not in known or named[each.entry.rule] is not each]
    return first + rest


def _rules(
    position: int,
    entry: RuleEntry,
    fields: Mapping[str, Field],
    calendars: Set[str],
    path: Path,
    problems: list[Problem],
) -> list[Rule]:
    """The rule once for each of its categories, from this position on; none where its condition is wrong."""
    send = entry.send
    # Rules keep the template of e-mails apart: it alone is joined with the customer's own choice.
    templates = _templates(send)
    digest = _digest(send, (*path, "send", "digest"), problems)
    quiet = _quiet(send, calendars, (*path, "send", "quiet"), problems)
    condition = None
    if entry.if_ is not None:
        limits = (entry.on, send.channels if send else None)
        condition = _condition(entry.if_, fields, entry.audiences, limits, (*path, "if"), problems)
        if condition is None:
            return []
    return [
        Rule(
            position=at,
            name=entry.rule,
            category=category,
            triggers=frozenset(entry.on or Trigger),
            condition=condition,
            channels=frozenset((send.channels if send else None) or Channel),
            path=path,
            text=entry.if_,
            instead_of=entry.instead_of,
            template=templates.get(Channel.EMAIL),
            templates={channel: name for channel, name in templates.items() if channel is not Channel.EMAIL} or None,
            keyword=send.keyword if send else None,
            format=send.format if send else None,
            digest=digest,
            quiet=quiet,
            languages=tuple(send.languages) if send and send.languages else None,
            overrides_customer=entry.overrides_customer,
        )
        for at, category in enumerate(entry.categories, position)
    ]


_NO_DIGEST: Final = frozenset(
    {"no", "none", "never", "off", "false", "null", "now", "immediate", "immediately", "at once"}
)
"""Words for that there is to be none."""


def _digest(send: Send | None, path: Path, problems: list[Problem]) -> DigestTimes | None:
    """When the rule's digests go out; what is wrong with it goes into `problems`."""
    if send is None or send.digest is None:
        return None
    times = digest_times(send.digest)
    if times is None:
        advice = "write `hourly`, `daily at 08:00` or `weekly on monday at 08:00`"
        if send.digest.strip().lower() in _NO_DIGEST:
            advice = "leave `digest` out: a rule without it sends at once"
        problems.append(
            Problem(path, "this is no time at which digests can go out", None, FindingCode.WRONG_VALUE, advice)
        )
    return times


def _quiet(send: Send | None, calendars: Set[str], path: Path, problems: list[Problem]) -> str | None:
    """The calendar outside of which the rule is quiet; what is wrong with it goes into `problems`."""
    if send is None or send.quiet is None:
        return None
    outside, _, name = send.quiet.strip().partition(" ")
    calendar = name.strip()
    if outside != "outside" or not calendar:
        advice = "write `outside` and the name of a calendar: `outside support`"
        problems.append(Problem(path, "this names no quiet hours", None, FindingCode.WRONG_VALUE, advice))
    elif calendar not in calendars:
        advice = closest(calendar, calendars) or "write it under `calendars`"
        problems.append(Problem(path, "there is no such calendar in this file", None, FindingCode.WRONG_VALUE, advice))
    return calendar


def _templates(send: Send | None) -> dict[Channel, str]:
    """The template of each channel for which the rule names one; one that is named alone is that of e-mails."""
    if send is None or send.template is None:
        return {}
    if isinstance(send.template, str):
        return {Channel.EMAIL: send.template}
    named = {channel: getattr(send.template, channel.value) for channel in Channel}
    return {channel: template for channel, template in named.items() if template is not None}


def _condition(
    text: str,
    fields: Mapping[str, Field],
    audiences: Sequence[Audience],
    limits: tuple[Sequence[Trigger] | None, Sequence[Channel] | None],
    path: Path,
    problems: list[Problem],
) -> Node | None:
    """The condition; None where it is wrong: what is, goes into `problems`.

    No audiences: they are not known. `limits` are the triggers and the channels of its rule (None: not known, or all).
    """
    try:
        node = parse_condition(text)
    except ConditionError as error:
        problems.append(problem_of_condition(path, error))
        return None
    found = check_condition(node, fields, audiences[0] if len(audiences) == 1 else None, *limits)
    if len(audiences) > 1:
        found += fields_of_one_audience(node, fields)
    problems += [problem_of_condition(path, error) for error in found]
    return None if found else node


def _policy(settings: Settings, defaults: Defaults, calendars: Mapping[str, Calendar]) -> Policy:
    nobody: frozenset[Category] = frozenset()
    # The key for one category is nearer than the one for its kind of object, whatever their order.
    for key, whom in sorted(settings.when_unnamed.items(), key=lambda item: "." in item[0]):
        nobody = nobody | categories_named(key) if whom == "none" else nobody - categories_named(key)
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
        texts={**BUILT_IN_FORMS, **_texts(defaults)},
        calendars=calendars,
        digests=dict(_digests(defaults)),
        fax_region=settings.fax_region,
    )


def _digests(defaults: Defaults) -> Iterator[tuple[tuple[Channel, Audience], DefaultForm]]:
    forms = {Audience.CONTACTS: defaults.contacts.digest, Audience.COLLABORATORS: defaults.collaborators.digest}
    for audience, form in forms.items():
        if form is not None:
            yield (Channel.EMAIL, audience), _default_form(form)
        if defaults.fax.digest is not None:
            yield (Channel.FAX, audience), DefaultForm(defaults.fax.digest, defaults.fax.keyword, MessageFormat.TEXT)


def _default_form(given: FormSettings) -> DefaultForm:
    return DefaultForm(given.template, given.keyword, given.format)


def _texts(defaults: Defaults) -> dict[Channel, str]:
    given = {Channel.SMS: defaults.sms, Channel.CHAT: defaults.chat}
    return {channel: one.template for channel, one in given.items() if one is not None}


def _forms(audience: Audience, forms: AudienceForms) -> dict[tuple[Audience, Trigger], DefaultForm]:
    found = {}
    for trigger in Trigger:
        found[audience, trigger] = _default_form(getattr(forms, trigger.value))
    return found
