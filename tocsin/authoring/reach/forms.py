"""Templates, keywords and languages that the directory leaves to the rule file's defaults."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from engine.directory.directory import Directory
from engine.language import asked_for, available, languages_of
from engine.rulebook.rulebook import Policy, Rule, Rulebook
from schemas.vocabulary import Audience, PersonKind, Trigger
from tocsin.authoring.precedence import contests
from tocsin.authoring.reach.gaps import Gap, GapCode


def customers_by_default(directory: Directory) -> Iterator[tuple[str, Trigger, list[str]]]:
    """Customers with a trigger enabled, and which of template and keyword they leave to the rule file."""
    for customer in directory.customers():
        for trigger in Trigger:
            settings = customer.alert(trigger)
            if settings is None or not settings.enabled:
                continue
            given = (("template", settings.template), ("keyword", settings.subject_keyword))
            missing = [name for name, value in given if not value]
            if missing:
                yield customer.id, trigger, missing


def languages_without_templates(directory: Directory, policy: Policy) -> Counter[str]:
    """The languages that people or their customers ask for and that have no templates, with how many people that is."""
    found: Counter[str] = Counter()
    for person in directory.people():
        wanted = asked_for(person, directory.customer(person.customer))
        found.update(language for language in dict.fromkeys(wanted) if available(language, policy.languages) is None)
    return found


def languages_of_rules_without_templates(rules: Iterable[Rule], policy: Policy) -> Iterator[tuple[Rule, int]]:
    """The rules of the file whose messages are to be in a language without templates, with its place in their list."""
    for rule in {rule.name: rule for rule in rules if rule.path}.values():
        for index, language in enumerate(rule.languages or ()):
            if available(language, policy.languages) is None:
                yield rule, index


def form_gaps(directory: Directory) -> Iterator[Gap]:
    """Customers for whom the rule file's template or keyword is used."""
    for customer, trigger, missing in customers_by_default(directory):
        why = f"alerts.{trigger} has no {' and no '.join(missing)}"
        yield Gap(
            GapCode.DEFAULT_FORM, f"customer/{customer}", why, "name them, if the usual ones will not do", trigger
        )


def language_gaps(directory: Directory, rulebook: Rulebook) -> Iterator[tuple[Gap, int]]:
    """Languages without templates, each with the number of people who ask for it."""
    policy = rulebook.policy
    for language, people in sorted(languages_without_templates(directory, policy).items()):
        why = f"{people} {'person asks for it, and reads' if people == 1 else 'people ask for it, and read'} another"
        yield _language_gap(language, f"language {language}", why), people
    for rule, index in languages_of_rules_without_templates(rulebook.rules, policy):
        language = (rule.languages or ())[index]
        yield _language_gap(language, f"rule {rule.name}", f"its messages are not written in {language}"), 1


def _language_gap(language: str, record: str, why: str) -> Gap:
    change = f"write templates in {language} and add it to `settings: languages:`"
    return Gap(GapCode.LANGUAGE_WITHOUT_TEMPLATES, record, why, change, language)


def readers_by_language(directory: Directory, policy: Policy) -> Counter[tuple[Audience, str]]:
    """How many contacts and collaborators read each language that has templates, where no rule names others."""
    people = ((person, directory.customer(person.customer)) for person in directory.people())
    return Counter(
        (Audience.CONTACTS if person.kind is PersonKind.CONTACT else Audience.COLLABORATORS, one)
        for person, customer in people
        for one in languages_of(person, customer, (), policy)
    )


def contest_gaps(directory: Directory, rulebook: Rulebook) -> Iterator[Gap]:
    """Where a customer's record and a rule give different templates, keywords or formats."""
    for contest in contests(directory, rulebook):
        wins = contest.rule.overrides_customer
        code = GapCode.RULE_BEFORE_CUSTOMER if wins else GapCode.CUSTOMER_BEFORE_RULE
        yield Gap(code, f"customer/{contest.customer}", contest.said, "", contest.rule.name)
