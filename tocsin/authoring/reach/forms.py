"""How messages are written for whom nothing of their own is there: also what `tocsin check` says of a directory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from engine.directory.directory import Directory
from engine.language import available
from engine.rulebook.rulebook import Policy
from schemas.vocabulary import Trigger


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
        customer = directory.customer(person.customer)
        language = person.language or (customer.language if customer is not None else None)
        if language and available(language, policy.languages) is None:
            found[language] += 1
    return found
