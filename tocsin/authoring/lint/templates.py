"""Templates: everything that the load refuses, and those that nobody uses."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from jinja2 import meta

from adapters.jinja.check import TemplateUse
from adapters.jinja.environment import TemplateEnvironment
from adapters.jinja.problems import Problem
from adapters.jinja.sources import TemplateSources, file_of, is_piece
from adapters.writing.checking import checked_templates
from engine.rulebook.rulebook import Policy
from schemas.finding import Finding, FindingCode
from tocsin.authoring.lint.subject import Subject, finding
from tocsin.authoring.templates_in_use import (
    customers_by_template,
    faults_of,
    looked_for,
    uses_of,
    uses_of_customers,
)

MOST_NAMED: Final = 5
"""Customers that one finding names."""


def findings(subject: Subject) -> Iterator[Finding]:
    """The findings about the templates that belong to the rule file, used or not."""
    templates = subject.templates
    if isinstance(templates, OSError):
        message = f"the templates can't be read: {templates.strerror}"
        yield subject.at_file(FindingCode.UNREADABLE_TEMPLATE, message, file=subject.folders[0])
        return
    policy = subject.policy
    uses = set(_uses(subject))
    fields = policy.custom_fields if policy else {}
    for problem in checked_templates(templates, _languages(policy), fields, uses):
        of_customers = _customers_naming(subject, problem.absent)
        if of_customers:
            yield _absent_for(subject, templates, problem, of_customers)
        else:
            faults = faults_of(templates, problem, subject.reading.rulebook, subject.reading.source)
            yield from map(finding, faults)
    # A rule with a fault may be the one that names the template.
    if policy is not None and not subject.reading.faults and subject.has_own_templates:
        yield from _unused(subject, templates, {use.template for use in uses})


def _languages(policy: Policy | None) -> tuple[str, ...]:
    """The languages in which there must be templates: none, where the settings can't be read."""
    return () if policy is None else policy.languages


def _uses(subject: Subject) -> Iterator[TemplateUse]:
    rulebook = subject.reading.rulebook
    if rulebook is None:
        return
    yield from uses_of(rulebook)
    if subject.directory is not None:
        yield from uses_of_customers(subject.directory.directory, rulebook)


def _customers_naming(subject: Subject, template: str) -> list[str]:
    """The customers whose records name a template that no rule and no default does."""
    rulebook = subject.reading.rulebook
    if not template or rulebook is None or subject.directory is None:
        return []
    if template in {use.template for use in uses_of(rulebook)}:
        return []
    found = customers_by_template(subject.directory.directory)
    return found.get(template, [])


def _absent_for(subject: Subject, templates: TemplateSources, problem: Problem, customers: list[str]) -> Finding:
    more = f" and {len(customers) - MOST_NAMED} more" if len(customers) > MOST_NAMED else ""
    named = f"the records of these customers name it: {', '.join(customers[:MOST_NAMED])}{more}"
    message = f"{problem.message}{looked_for(templates, subject.file)}; {named}"
    return subject.at_record(problem.code, message, problem.suggestion, "customer", customers[0])


def _unused(subject: Subject, templates: TemplateSources, used: set[str]) -> Iterator[Finding]:
    pieces = set(_pieces_in_use(templates))
    for path in sorted(templates.texts.keys() - templates.below):
        file = file_of(path)
        if file is not None and file.template not in used:
            what = f"no rule names the template `{file.template}`"
            if subject.directory is None:
                what += ", and whether a customer's record does is not known without a directory"
            yield _remark(templates.place(path), what, "delete it, or name it in a rule")
        elif is_piece(path) and path.endswith((".txt.j2", ".html.j2")) and path not in pieces:
            yield _remark(templates.place(path), "no template uses this piece", "delete it, or use it")


def _pieces_in_use(templates: TemplateSources) -> Iterator[str]:
    environment = TemplateEnvironment(templates)
    for path, text in templates.texts.items():
        try:
            yield from (name for name in meta.find_referenced_templates(environment.parse(text, path)) if name)
        except Exception:  # noqa: BLE001, S112 - it can't be read, whatever the reason: that has been said
            continue


def _remark(file: Path, message: str, advice: str) -> Finding:
    code = FindingCode.UNUSED_TEMPLATE
    return Finding(str(file), 1, 1, code.severity, code, "", message, advice)
