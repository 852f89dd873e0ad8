"""Where a customer's record and a rule both say what messages are like: which of them is used."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from msgspec import Struct

from engine.directory.directory import Directory
from engine.directory.records import Customer
from engine.rulebook.rulebook import Rule, Rulebook
from schemas.directory import TriggerSettings
from schemas.job import Job
from schemas.vocabulary import Audience, Channel, PersonKind, Trigger

SETTINGS: Final = {"template": "template", "keyword": "subject_keyword", "format": "format"}
"""What both can say: the key under a rule's `send`, and the field of the customer's record."""


class Contest(Struct, frozen=True):
    """A rule and a customer that say different things of one setting of one trigger's messages."""

    rule: Rule
    customer: str
    trigger: Trigger
    setting: str
    theirs: str

    @property
    def record(self) -> str:
        """Where the customer says it."""
        return f"customer/{self.customer}, alerts.{self.trigger}.{SETTINGS[self.setting]}"

    @property
    def said(self) -> str:
        """Which of the two is used."""
        if self.rule.overrides_customer:
            return f"the {self.setting} of the rule `{self.rule.name}` stands before `{self.theirs}` of {self.record}"
        return f"the {self.setting} is `{self.theirs}` of {self.record}, before that of the rule `{self.rule.name}`"


def contests(directory: Directory, rulebook: Rulebook) -> Iterator[Contest]:
    """All of them, by customer and trigger; a rule for several categories once."""
    rules = _contending(rulebook)
    for customer in directory.customers() if rules else ():
        for trigger in Trigger:
            yield from _between(customer, trigger, [rule for rule in rules if trigger in rule.triggers])


def contests_of(job: Job, directory: Directory, rulebook: Rulebook) -> Iterator[Contest]:
    """Those about one message: of the rules that brought it, the customer of its reader, and what it is like."""
    person = directory.person(job.person.kind, job.person.id)
    customer = None if person is None else directory.customer(person.customer)
    if job.person.kind is not PersonKind.CONTACT or customer is None or job.channel is Channel.FAX:
        return
    rules = [rule for rule in _contending(rulebook) if rule.name in job.rules and job.trigger in rule.triggers]
    used = {"template": job.form.template, "keyword": job.form.subject_keyword, "format": job.form.format}
    told: set[str] = set()
    # A rule that overrides is asked first, as it is when the message is written.
    for contest in _between(customer, job.trigger, sorted(rules, key=lambda rule: not rule.overrides_customer)):
        asked = contest.setting == "keyword" or job.channel is Channel.EMAIL
        winner = _of_rule(contest.rule, contest.setting) if contest.rule.overrides_customer else contest.theirs
        # A rule that brought the message to another reader of the mailbox says nothing of it.
        if asked and contest.setting not in told and not (isinstance(winner, str) and winner != used[contest.setting]):
            told.add(contest.setting)
            yield contest


def _contending(rulebook: Rulebook) -> Sequence[Rule]:
    """The rules for contacts that say something of their messages, each once."""
    found = {
        rule.name: rule
        for rule in reversed(rulebook.rules)
        if rule.category.audience is Audience.CONTACTS and any(_of_rule(rule, name) is not None for name in SETTINGS)
    }
    return [*reversed(found.values())]


def _between(customer: Customer, trigger: Trigger, rules: Sequence[Rule]) -> Iterator[Contest]:
    settings = customer.alert(trigger)
    if settings is None or not settings.enabled:
        return
    for rule in rules:
        for name in SETTINGS:
            theirs, ours = _of_customer(settings, name), _of_rule(rule, name)
            if theirs is not None and ours is not None and theirs != ours:
                yield Contest(rule, customer.id, trigger, name, theirs)


def _of_rule(rule: Rule, name: str) -> object:
    return getattr(rule, name)


def _of_customer(settings: TriggerSettings, name: str) -> str | None:
    """An empty template is none; an empty keyword is one."""
    match name:
        case "keyword":
            return settings.subject_keyword
        case "template":
            return settings.template or None
        case _:
            return settings.message_format
