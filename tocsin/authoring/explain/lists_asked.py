"""Lists of records for which a condition asks: a person's groups, the tags of a customer and a contract.

Each change here puts one text into such a list, or takes it out, so that the condition holds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from engine.rulebook.conditions.evaluate import Facts, holds
from engine.rulebook.conditions.syntax import FieldPair, FieldRelation, Listed, Node, leaves
from schemas.tags import MAX_TAG_LENGTH, MAX_TAGS
from tocsin.authoring.explain.case import adds, sets
from tocsin.authoring.explain.changes import Change

HELD_BY: Final[Mapping[str, str]] = {
    "person.groups": "person",
    "customer.tags": "customer",
    "contract.tags": "contract",
}
"""The lists that anybody may fill as they like, by what has them: the narrowest first."""


def list_changes(condition: Node, facts: Facts, records: Mapping[str, str]) -> Iterator[Change]:
    """The changes of one list after which the condition holds; none where it takes more than one.

    `records` are the records at hand, as `kind/id`, by the names that conditions give them.
    """
    asked = dict.fromkeys(_asked(condition, facts))
    for list_name, holder in HELD_BY.items():
        record = records.get(holder)
        for text, field in asked if record is not None else ():
            if record is not None and field == list_name:
                yield from _change(condition, facts, (record, field), text)


def _asked(condition: Node, facts: Facts) -> Iterator[tuple[str, str]]:
    """The texts for which the condition asks, and the list in which it looks for each."""
    for leaf in leaves(condition):
        match leaf:
            case Listed(str() as text, field):
                yield text, field
            case FieldPair(first, FieldRelation.IN, field):
                value = facts.get(first)
                if isinstance(value, str):
                    yield value, field


def _change(condition: Node, facts: Facts, place: tuple[str, str], text: str) -> Iterator[Change]:
    record, field = place
    there = facts.get(field)
    before = there if isinstance(there, tuple) else ()
    is_there = text in before
    after = tuple(one for one in before if one != text) if is_there else (*before, text)
    # What a record could not hold would be no advice.
    if not 0 < len(text) <= MAX_TAG_LENGTH or len(after) > MAX_TAGS or not holds(condition, {**facts, field: after}):
        return
    path = (field.partition(".")[2],)
    yield sets(record, path, [*after], f'take out "{text}"') if is_there else adds(record, path, text, f'add "{text}"')
