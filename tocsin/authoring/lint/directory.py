"""The directory beside the rules: records that can't be used, and people for whom something is missing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from adapters.files.directory_problems import DirectoryProblem, ProblemCode
from engine.directory.directory import Directory
from engine.language import those_available
from engine.rulebook.rulebook import DefaultForm, Policy, Rule, Rulebook
from schemas.finding import Finding, FindingCode
from schemas.mailbox import mailbox
from schemas.problem import Path as Place
from schemas.problem import Problem
from schemas.vocabulary import Audience, Channel, PersonKind
from tocsin.authoring.lint.subject import Subject
from tocsin.authoring.precedence import contests
from tocsin.authoring.reach.forms import customers_by_default, languages_without_templates, readers_by_language


def findings(subject: Subject) -> Iterator[Finding]:
    """Nothing where no directory is given."""
    loaded, path = subject.directory, subject.directory_path
    if loaded is None or path is None:
        return
    for problem in loaded.problems:
        yield _record(path, problem)
    for said in (*_customers_by_default(loaded.directory), *_shared_mailboxes(loaded.directory)):
        yield subject.at_record(*said)
    rulebook = subject.reading.rulebook
    if rulebook is not None and subject.reading.source is not None:
        yield from map(subject.at, _customers_before_rules(loaded.directory, rulebook))
        yield from map(subject.at, _keywords_without_language(loaded.directory, rulebook))
    if subject.policy is not None:
        yield from _languages_without_templates(subject, loaded.directory, subject.policy)


_CODES: Final[Mapping[ProblemCode, FindingCode]] = {
    ProblemCode.DUPLICATE: FindingCode.DIRECTORY_REMARK,
    ProblemCode.UNUSED_FILE: FindingCode.DIRECTORY_REMARK,
    ProblemCode.UNKNOWN_KEY: FindingCode.DIRECTORY_KEY,
    ProblemCode.UNKNOWN_WORD: FindingCode.DIRECTORY_WORD,
}
"""Every other problem costs a record, or a part of one."""


_MAIL: Final = Channel.EMAIL
MOST_NAMED: Final = 5
"""Customers that one finding names."""

_Said = tuple[FindingCode, str, str, str, str]
"""Code, message and advice, and the kind and id of the record that it is about."""


def _record(path: Path, problem: DirectoryProblem) -> Finding:
    code = _CODES.get(problem.code, FindingCode.DIRECTORY_RECORD)
    file = path / problem.file if path.is_dir() else path
    record = " ".join(filter(None, (problem.kind, problem.id)))
    what = problem.refusal.shown()
    message = f"{record if record.isprintable() else ascii(record)}: {what}" if record else what
    line, column = problem.line or 1, problem.column or 1
    is_key = problem.code is ProblemCode.UNKNOWN_KEY
    text = problem.refusal.field.rpartition(".")[2] if is_key else problem.refusal.value or ""
    return Finding(str(file), line, column, code.severity, code, text, message)


def _customers_by_default(directory: Directory) -> Iterator[_Said]:
    for customer, trigger, missing in customers_by_default(directory):
        what = f"customer/{customer}: alerts.{trigger} has no {' and no '.join(missing)}"
        yield FindingCode.DEFAULT_FORM_USED, what, "the rule file's default is used", "customer", customer


def _languages_without_templates(subject: Subject, directory: Directory, policy: Policy) -> Iterator[Finding]:
    missing = languages_without_templates(directory, policy)
    code = FindingCode.LANGUAGE_WITHOUT_TEMPLATES
    for language, count in sorted(missing.items()):
        people = "1 person" if count == 1 else f"{count} people"
        instead = f"they get what else they ask for, or {policy.language}"
        message = f"language {language} of {people} has no templates: {instead}"
        advice = f"write templates in {language} and add it to `settings: languages:`"
        if subject.reading.source is None:
            yield subject.at_file(code, message, advice)
        else:
            yield subject.at(Problem(("settings", "languages"), message, None, code, advice))


def _customers_before_rules(directory: Directory, rulebook: Rulebook) -> Iterator[Problem]:
    """Rules whose template, keyword or format is not used for some customers, who have their own."""
    customers: dict[Place, dict[str, None]] = {}
    for contest in contests(directory, rulebook):
        if contest.rule.path and not contest.rule.overrides_customer:
            customers.setdefault((*contest.rule.path, "send", contest.setting), {})[contest.customer] = None
    for path, found in customers.items():
        more = f" and {len(found) - MOST_NAMED} more" if len(found) > MOST_NAMED else ""
        named = ", ".join([*found][:MOST_NAMED]) + more
        message = (
            f"the records of these customers give a {path[-1]} of their own, which stands before this one: {named}"
        )
        advice = "write `overrides_customer: true` in this rule if it is to stand before theirs"
        yield Problem(path, message, None, FindingCode.CUSTOMER_BEFORE_RULE, advice)


def _keywords_without_language(directory: Directory, rulebook: Rulebook) -> Iterator[Problem]:
    """Keywords by language that lack one which people read."""
    default = rulebook.policy.language
    readers = readers_by_language(directory, rulebook.policy)
    for path, name, keyword, audiences in _keywords(rulebook):
        instead = f"the one in {default}" if default in keyword else "none"
        for language in sorted({*rulebook.policy.languages} - keyword.keys()):
            number = sum(readers[audience, language] for audience in audiences)
            if not number:
                continue
            people = "1 person reads" if number == 1 else f"{number} people read"
            message = f"{name} has no text in {language}, which {people}: they get {instead}"
            yield Problem(path, message, None, FindingCode.KEYWORD_WITHOUT_LANGUAGE, f"add `{language}: …`")
    for rule in rulebook.rules:
        yield from _keyword_without_first_language(rule, rulebook.policy)


def _keyword_without_first_language(rule: Rule, policy: Policy) -> Iterator[Problem]:
    """That the keyword of a rule for several languages lacks the one of the subject, which is the first."""
    named = those_available(rule.languages or (), policy.languages)
    if rule.path and isinstance(rule.keyword, Mapping) and named and named[0] not in rule.keyword:
        instead = f"the one in {policy.language}" if policy.language in rule.keyword else "none"
        message = f"this keyword has no text in {named[0]}, the language of these subjects: they get {instead}"
        path = (*rule.path, "send", "keyword")
        yield Problem(path, message, None, FindingCode.KEYWORD_WITHOUT_LANGUAGE, f"add `{named[0]}: …`")


def _keywords(rulebook: Rulebook) -> Iterator[tuple[Place, str, Mapping[str, str], frozenset[Audience]]]:
    """Those that are written by language, with their place in the file, what they are called, and whose they are.

    Without those of rules for several languages, of which the subject has the first, whoever reads it.
    """
    audiences: dict[Place, set[Audience]] = {}
    for rule in rulebook.rules:
        audiences.setdefault(rule.path, set()).add(rule.category.audience)
    for path, rule in {rule.path: rule for rule in rulebook.rules if rule.path}.items():
        if isinstance(rule.keyword, Mapping) and not rule.languages:
            yield (*path, "send", "keyword"), "this keyword", rule.keyword, frozenset(audiences[path])
    policy = rulebook.policy
    forms: dict[tuple[str, ...], DefaultForm] = {("fax",): policy.fax}
    forms |= {(audience.value, trigger.value): form for (audience, trigger), form in policy.forms.items()}
    digests = policy.digests.items()
    forms |= {(audience.value, "digest"): form for (channel, audience), form in digests if channel is _MAIL}
    for at, form in forms.items():
        if isinstance(form.keyword, Mapping):
            whose = frozenset(one for one in Audience if one.value == at[0]) or frozenset(Audience)
            yield ("defaults", *at, "keyword"), f"the keyword of `defaults: {': '.join(at)}`", form.keyword, whose


def _shared_mailboxes(directory: Directory) -> Iterator[_Said]:
    """Collaborators at a contact's address: what is internal is sent there whenever the contact gets nothing."""
    contacts: dict[tuple[Channel, str], str] = {}
    # Contacts come first (see Directory.people), so that each collaborator is compared with all of them.
    for person in directory.people():
        for mode in person.modes:
            key = (mode.channel, mailbox(mode.address))
            # Nothing is sent to an address that is not active, so it can't be a wrong one.
            if not mode.active:
                continue
            if person.kind is PersonKind.CONTACT:
                contacts.setdefault(key, person.id)
            elif key in contacts:
                who = f"collaborator/{person.id} and contact/{contacts[key]}"
                message = f"{who} share a mailbox: internal messages go there when the contact is not alerted"
                advice = "give the collaborator an address of their own"
                yield FindingCode.SHARED_MAILBOX, message, advice, person.kind.value, person.id
