"""Which templates a rulebook uses, and what is wrong with them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec.structs import replace

from adapters.jinja.check import TemplateUse
from adapters.jinja.problems import Problem
from adapters.jinja.sources import TemplateSources, file_of
from adapters.writing.checking import checked_templates
from adapters.yaml_files.faults import Fault
from adapters.yaml_files.source import Source
from engine.directory.directory import Directory
from engine.rulebook.rulebook import Rulebook
from schemas.finding import FindingCode
from schemas.job import BUILT_IN_FORMS
from schemas.problem import Problem as PlacedProblem
from schemas.vocabulary import Audience, Channel, MessageFormat, Trigger


def uses_of(rulebook: Rulebook) -> Iterator[TemplateUse]:
    """The templates that the rule file names; a built-in form is none."""
    return (use for use in _named_by(rulebook) if use.template not in BUILT_IN_FORMS.values())


def _named_by(rulebook: Rulebook) -> Iterator[TemplateUse]:
    for (audience, _), form in rulebook.policy.forms.items():
        yield TemplateUse(form.template, audience, form.format)
    # These go to both audiences, so they may name only what contacts may see.
    for template in (rulebook.policy.fax.template, *rulebook.policy.texts.values()):
        yield TemplateUse(template, Audience.CONTACTS, MessageFormat.TEXT)
    for (channel, audience), digest in rulebook.policy.digests.items():
        # A fax too goes to both.
        who = audience if channel is Channel.EMAIL else Audience.CONTACTS
        yield TemplateUse(digest.template, who, digest.format, digest=True)
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


def template_faults(sources: TemplateSources, rulebook: Rulebook, file: Source) -> list[Fault]:
    """All that is wrong with the templates of a rulebook, which stands in this file."""
    policy = rulebook.policy
    problems = checked_templates(sources, policy.languages, policy.custom_fields, {*uses_of(rulebook)})
    return [fault_of(sources, problem, rulebook, file) for problem in problems]


def fault_of(sources: TemplateSources, problem: Problem, rulebook: Rulebook | None, file: Source | None) -> Fault:
    """A template's problem at its place: where its text stands on its line, else where the line begins.

    Where a rule names the template, it says which; one of which there is no file at all is the mistake of that rule.
    """
    named = None if rulebook is None or file is None else _named_at(problem.file, rulebook, file)
    message = problem.message
    if named is not None:
        rule, place = named
        found = file_of(problem.file)
        template = None if found is None else found.template
        is_of_rule = problem.code is FindingCode.MISSING_TEMPLATE and not _has_files(sources, template)
        if is_of_rule or (problem.code is FindingCode.INTERNAL_FIELD and problem.line is None):
            return replace(place, message=message, code=problem.code, suggestion=problem.suggestion)
        message += f" (the rule `{rule}` names it, {place.file}:{place.line})"
    lines = sources.texts.get(problem.file, "").splitlines()
    line = lines[problem.line - 1] if problem.line is not None and problem.line <= len(lines) else ""
    match = re.search(rf"(?<!\w){re.escape(problem.text)}(?!\w)", line) if problem.text else re.search(r"\S.*", line)
    start, end = match.span() if match else (0, 1)
    return Fault(
        str(sources.place(problem.file)),
        problem.line or 1,
        start + 1,
        message,
        line,
        end - start,
        problem.code,
        problem.suggestion,
    )


def _named_at(path: str, rulebook: Rulebook, file: Source) -> tuple[str, Fault] | None:
    """The first rule of the file that names the template to which a file belongs, and the place where it does."""
    found = file_of(path)
    for rule in rulebook.rules if found is not None else ():
        for channel, template in {Channel.EMAIL: rule.template, **(rule.templates or {})}.items():
            if rule.path and found is not None and template == found.template:
                return rule.name, file.fault(PlacedProblem((*rule.path, "send", "template", channel.value), ""))
    return None


def _has_files(sources: TemplateSources, template: str | None) -> bool:
    there = {found.template for path in (*sources.texts, *sources.unreadable) if (found := file_of(path)) is not None}
    return template in there
