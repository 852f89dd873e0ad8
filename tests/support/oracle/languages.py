"""The languages of a message: the semantics read once more."""

from collections.abc import Iterable

from tests.support.oracle.people import Attempt
from tests.support.oracle.reading import Record
from tests.support.oracle.rules import in_file, rules_of


def languages(reader: Attempt, bringing: Iterable[Attempt]) -> list[str]:
    """Those of the first rule in the file that brings it to this reader and names some which have templates.

    Else those of the record, else of the customer's record, else the default one.
    """
    names = {name for one in bringing for name in rules_of(one)}
    for rule in in_file(reader.save.settings.rules):
        if rule["rule"] in names and (found := with_templates(reader, rule.get("languages", ()))):
            return found
    for record in (reader.record, reader.customer):
        if wanted := named(record):
            return with_templates(reader, wanted) or [reader.save.settings.default_language]
    return [reader.save.settings.default_language]


def named(record: Record) -> list[str]:
    """What a record asks for: of a list what can be read, the first four; without a list its one language."""
    listed = record.get("languages")
    texts = [one for one in listed if isinstance(one, str) and one] if isinstance(listed, list) else []
    return texts[:4] or ([record["language"]] if record.get("language") else [])


def with_templates(reader: Attempt, wanted: Iterable[str]) -> list[str]:
    """Those that have templates, whatever their region, each once."""
    there = reader.save.settings.languages
    served = [one if one in there else one.split("-")[0] for one in wanted]
    return list(dict.fromkeys(one for one in served if one in there))
