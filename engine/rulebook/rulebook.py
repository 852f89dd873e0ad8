"""A checked rule file, ready to decide by."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Final

from msgspec import Struct

from engine.rulebook.calendars import Calendar
from engine.rulebook.conditions.syntax import Node, leaves
from engine.rulebook.digest_times import DigestTimes
from engine.rulebook.fields import Field
from schemas.rule_file import CustomFieldSettings
from schemas.vocabulary import Audience, Category, Channel, MessageFormat, Trigger

LocalText = str | Mapping[str, str]

ALL_TICKS: Final = sum(category.bit for category in Category)


class Rule(Struct, frozen=True):
    """A rule for one category; one that the file writes for several stands here once for each, under one name.

    `position` is its place among all of these, in the file's order: the smaller is asked first for template and
    keyword.
    """

    position: int
    name: str
    category: Category
    triggers: frozenset[Trigger]
    condition: Node | None
    channels: frozenset[Channel]
    path: tuple[str | int, ...] = ()
    """Where it stands in its file; empty where it was inherited."""
    text: str | None = None
    """The condition as it was written."""
    instead_of: str | None = None
    template: str | None = None
    """The template of e-mails."""
    templates: Mapping[Channel, str] | None = None
    """The templates of other channels."""
    keyword: LocalText | None = None
    format: MessageFormat | None = None
    languages: tuple[str, ...] | None = None
    """Those in which its messages are written, whether or not they have templates; None: the reader's."""
    overrides_customer: bool = False
    """Template, keyword and format stand before those of the customer's record."""
    digest: DigestTimes | None = None
    """When its messages go out, collected; None: each by itself."""
    quiet: str | None = None
    """The calendar outside of whose hours its messages wait."""

    @property
    def sends_at_once(self) -> bool:
        """Whether its messages wait for nothing."""
        return self.digest is None and self.quiet is None


class MainSite(StrEnum):
    """Whom gate 7 asks for a link to the main site."""

    REQUIRED = "required"
    NOT_FOR_SITE = "not_for_site"
    NOT_REQUIRED = "not_required"

    def is_asked_of(self, category: Category) -> bool:
        """Whether contacts reached through this category must be linked to the main site."""
        if self is MainSite.NOT_FOR_SITE:
            return category is not Category.SITE_CONTACTS
        return self is MainSite.REQUIRED


class DefaultForm(Struct, frozen=True):
    """Template, keyword and format where nothing nearer names one."""

    template: str
    keyword: LocalText
    format: MessageFormat


class Policy(Struct, frozen=True):
    """The settings of a rule file."""

    language: str
    languages: tuple[str, ...]
    time_zone: str
    stale_after: timedelta
    deliver_within: timedelta
    nobody_when_unnamed: frozenset[Category]
    main_site: MainSite
    statuses: Mapping[str, Mapping[str, str] | None]
    """Status to its label per language; None: internal."""
    custom_fields: Mapping[str, CustomFieldSettings]
    forms: Mapping[tuple[Audience, Trigger], DefaultForm]
    fax: DefaultForm
    texts: Mapping[Channel, str]
    """The templates of text messages and chats where no rule names one."""
    calendars: Mapping[str, Calendar]
    digests: Mapping[tuple[Channel, Audience], DefaultForm]
    """Of digests, where they have a template; elsewhere they have a built-in text."""
    fax_region: str | None = None
    """The region of numbers without + and country code; None: they stay as they are written."""

    @property
    def external_fields(self) -> frozenset[str]:
        """The custom fields that may appear in messages to contacts."""
        return frozenset(name for name, field in self.custom_fields.items() if field.external)


class Ruleset(Struct, frozen=True):
    """The rules that one set of ticks puts in force, and the fields that they read for each audience."""

    ticks: int
    rules: tuple[Rule, ...]
    reads: Mapping[Audience, tuple[Field, ...]]


class Rulebook:
    """Rules and settings in force together. Contracts with the same ticks share one derived ruleset."""

    def __init__(self, digest: str, rules: tuple[Rule, ...], policy: Policy, fields: Mapping[str, Field]) -> None:
        self.digest = digest
        self.rules = rules
        self.policy = policy
        self.fields = fields
        # At most 1,024: one for each set of ticks.
        self._derived: dict[int, Ruleset] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """The rules as the file names them: each once, for however many categories it is."""
        return tuple(dict.fromkeys(rule.name for rule in self.rules))

    def derive(self, ticks: int) -> Ruleset:
        """The rules that these ticks put in force, in the order of the file."""
        ruleset = self._derived.get(ticks)
        if ruleset is None:
            rules = tuple(rule for rule in self.rules if rule.category.bit & ticks)
            reads = {audience: self._read_by(rules, audience) for audience in Audience}
            ruleset = self._derived[ticks] = Ruleset(ticks, rules, reads)
        return ruleset

    def _read_by(self, rules: tuple[Rule, ...], audience: Audience) -> tuple[Field, ...]:
        # Only these fields go into a question: fewer fields make more questions equal, and equal ones are asked once.
        names = {
            name
            for rule in rules
            if rule.category.audience is audience and rule.condition is not None
            for leaf in leaves(rule.condition)
            for name in leaf.reads
        }
        return tuple(self.fields[name] for name in sorted(names))
