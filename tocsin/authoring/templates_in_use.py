"""Which templates a rulebook uses, and what is wrong with them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from adapters.jinja.check import TemplateUse
from adapters.jinja.problems import Problem
from adapters.jinja.sources import TemplateSources
from adapters.rule_files.faults import Fault
from adapters.writing.checking import checked_templates
from engine.directory.directory import Directory
from engine.rulebook.rulebook import Rulebook
from schemas.job import BUILT_IN_FORMS
from schemas.vocabulary import Audience, MessageFormat, Trigger


def uses_of(rulebook: Rulebook) -> Iterator[TemplateUse]:
    """The templates that the rule file names; a built-in form is none."""
    return (use for use in _named_by(rulebook) if use.template not in BUILT_IN_FORMS.values())


def _named_by(rulebook: Rulebook) -> Iterator[TemplateUse]:
    for (audience, _), form in rulebook.policy.forms.items():
        yield TemplateUse(form.template, audience, form.format)
    # These go to both audiences, so they may name only what contacts may see.
    for template in (rulebook.policy.fax.template, *rulebook.policy.texts.values()):
        yield TemplateUse(template, Audience.CONTACTS, MessageFormat.TEXT)
    if rulebook.policy.digest is not None:
        digest = rulebook.policy.digest
        yield TemplateUse(digest.template, Audience.CONTACTS, digest.format, digest=True)
    for rule in rulebook.rules:
        if rule.template is not None:
            audience = rule.category.audience
            formats = {rulebook.policy.forms[audience, trigger].format for trigger in rule.triggers}
            for each in {rule.format} if rule.format is not None else formats:
                yield TemplateUse(rule.template, audience, each)
        for template in (rule.templates or {}).values():
            yield TemplateUse(template, rule.category.audience, MessageFormat.TEXT)


def uses_of_customers(directory: Directory, rulebook: Rulebook) -> Iterator[TemplateUse]:
    """The templates that customers' records name."""
    for customer in directory.customers():
        for trigger in Trigger:
            settings = customer.alert(trigger)
            if settings is not None and settings.enabled and settings.template:
                form = settings.message_format or rulebook.policy.forms[Audience.CONTACTS, trigger].format
                yield TemplateUse(settings.template, Audience.CONTACTS, form)


def template_faults(
    folder: Path, sources: TemplateSources, rulebook: Rulebook, further: Iterable[TemplateUse] = ()
) -> list[Fault]:
    """All that is wrong with the templates of a rulebook; `further` are uses that do not stand in the rule file."""
    policy = rulebook.policy
    uses = {*uses_of(rulebook), *further}
    problems = checked_templates(sources, policy.languages, policy.custom_fields, uses)
    return [fault_of(folder, sources, problem) for problem in problems]


def fault_of(folder: Path, sources: TemplateSources, problem: Problem) -> Fault:
    """A template's problem at its place: where its text stands on its line, else where the line begins."""
    lines = sources.texts.get(problem.file, "").splitlines()
    line = lines[problem.line - 1] if problem.line is not None and problem.line <= len(lines) else ""
    found = re.search(rf"(?<!\w){re.escape(problem.text)}(?!\w)", line) if problem.text else re.search(r"\S.*", line)
    start, end = found.span() if found else (0, 1)
    return Fault(
        str(folder / problem.file),
        problem.line or 1,
        start + 1,
        problem.message,
        line,
        end - start,
        problem.code,
        problem.suggestion,
    )
