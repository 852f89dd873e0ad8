"""Which templates a rulebook uses, and what is wrong with them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from adapters.jinja.check import TemplateUse
from adapters.jinja.problems import Problem
from adapters.jinja.sources import TemplateSources, file_of
from adapters.shipped import TEMPLATES
from adapters.writing.checking import checked_templates
from adapters.yaml_files.faults import Fault
from adapters.yaml_files.source import Source
from engine.directory.directory import Directory
from engine.rulebook.rulebook import Rulebook
from schemas.finding import FindingCode
from schemas.job import BUILT_IN_FORMS
from schemas.problem import Path as Place
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


def customers_by_template(directory: Directory) -> dict[str, list[str]]:
    """Which customers' records name which template."""
    found: dict[str, dict[str, None]] = {}
    for customer in directory.customers():
        for trigger in Trigger:
            settings = customer.alert(trigger)
            if settings is not None and settings.enabled and settings.template:
                found.setdefault(settings.template, {})[customer.id] = None
    return {template: [*customers] for template, customers in found.items()}


def template_faults(sources: TemplateSources, rulebook: Rulebook, file: Source) -> list[Fault]:
    """All that is wrong with the templates of a rulebook, which stands in this file."""
    policy = rulebook.policy
    problems = checked_templates(sources, policy.languages, policy.custom_fields, {*uses_of(rulebook)})
    return [fault for problem in problems for fault in faults_of(sources, problem, rulebook, file)]


def faults_of(
    sources: TemplateSources, problem: Problem, rulebook: Rulebook | None, file: Source | None
) -> Iterator[Fault]:
    """A template's problem at its place. Of a template that is not there, that is every place that names it."""
    if problem.absent and rulebook is not None and file is not None:
        message = problem.message + looked_for(sources, Path(file.name))
        places = {file.fault(PlacedProblem(path, "")) for path in _paths_to(problem.absent, rulebook, file)}
        for place in sorted(places, key=lambda one: (one.line, one.column)):
            yield replace(place, message=message, code=problem.code, suggestion=problem.suggestion)
        if places:
            return
    yield _in_template(sources, problem, rulebook, file)


def looked_for(sources: TemplateSources, rules: Path) -> str:
    """Where the files of a template were looked for, behind a message that there is none."""
    own = [str(folder) for folder in sources.searched if folder != TEMPLATES]
    if not own:
        return f" among the shipped ones, and no folder {rules.parent / 'templates'} with others"
    return f", neither in {' and '.join(own)} nor among the shipped ones"


def _in_template(sources: TemplateSources, problem: Problem, rulebook: Rulebook | None, file: Source | None) -> Fault:
    """A problem at its text on its line, else where the line begins; with the rule that names the template."""
    named = None if rulebook is None or file is None else _rule_naming(problem.file, rulebook, file)
    message = problem.message
    if named is not None:
        rule, place = named
        if problem.code is FindingCode.INTERNAL_FIELD and problem.line is None:
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


def _rule_naming(path: str, rulebook: Rulebook, file: Source) -> tuple[str, Fault] | None:
    """The first rule of the file that names the template to which a file belongs, and the place where it does."""
    found = file_of(path)
    for name, at, template in _named_by_rules(rulebook):
        if found is not None and template == found.template:
            return name, file.fault(PlacedProblem(at, ""))
    return None


def _paths_to(template: str, rulebook: Rulebook, file: Source) -> Iterator[Place]:
    """Every place of the file that names this template: in rules, and in its own defaults."""
    yield from (at for _, at, named in _named_by_rules(rulebook) if named == template)
    for at, named in _defaults(rulebook):
        # What the file does not say comes from the shipped one.
        if named == template and _stands(at, file.content):
            yield at


def _named_by_rules(rulebook: Rulebook) -> Iterator[tuple[str, Place, str]]:
    """Rules of the file, the place where each names a template, and the template."""
    for rule in rulebook.rules:
        for channel, template in {Channel.EMAIL: rule.template, **(rule.templates or {})}.items():
            if rule.path and template is not None:
                yield rule.name, (*rule.path, "send", "template", channel.value), template


def _defaults(rulebook: Rulebook) -> Iterator[tuple[Place, str]]:
    policy = rulebook.policy
    for (audience, trigger), form in policy.forms.items():
        yield ("defaults", audience.value, trigger.value, "template"), form.template
    yield ("defaults", "fax", "template"), policy.fax.template
    for channel, template in policy.texts.items():
        yield ("defaults", channel.value, "template"), template
    for (channel, audience), digest in policy.digests.items():
        if channel is Channel.EMAIL:
            yield ("defaults", audience.value, "digest", "template"), digest.template
        else:
            yield ("defaults", channel.value, "digest"), digest.template


def _stands(path: Place, content: Any) -> bool:
    for step in path:
        if not isinstance(content, dict) or step not in content:
            return False
        content = content[step]
    return True
