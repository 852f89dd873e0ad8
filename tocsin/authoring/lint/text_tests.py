"""What one thing that is looked for in a text says of another: what starts with `outage` also contains it.

Only what is certain is said: two things that are not told to exclude each other may still do.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from engine.rulebook.conditions.evaluate import holds
from engine.rulebook.conditions.syntax import TextRelation, TextTest
from engine.rulebook.conditions.texts import check_of, folded

Asked = Mapping[TextTest, bool]
"""What is looked for in one field, and whether it must be there or must not."""

_LETTER: Final = "a"
"""Any letter with which a word would go on."""


def is_so(value: object, asked: Asked) -> bool:
    """Whether this value has all that it must, and nothing that it must not."""
    return all(holds(test, {test.field: value}) is wanted for test, wanted in asked.items())


def are_possible(asked: Asked) -> bool:
    """Whether some text may have all that it must, and nothing that it must not: False only where that is certain."""
    there = [test for test, wanted in asked.items() if wanted]
    absent = [test for test, wanted in asked.items() if not wanted]
    if any(_follows(test, other) for test in there for other in absent):
        return False
    starts = [folded(test.text) for test in there if test.relation is TextRelation.STARTS_WITH]
    ends = [folded(test.text) for test in there if test.relation is TextRelation.ENDS_WITH]
    longest_start, longest_end = max(starts, key=len, default=""), max(ends, key=len, default="")
    return all(map(longest_start.startswith, starts)) and all(map(longest_end.endswith, ends))


def _follows(test: TextTest, other: TextTest) -> bool:
    """Whether every text that has the one has the other."""
    text = folded(test.text)
    check = check_of(other.relation, other.text)
    is_same_end = test.relation is other.relation
    match other.relation:
        case TextRelation.STARTS_WITH | TextRelation.ENDS_WITH:
            return is_same_end and check(text)
        case TextRelation.CONTAINS:
            return check(text)
        case TextRelation.CONTAINS_WORD:
            # Elsewhere a word may go on at either end of the text.
            return check(text) if is_same_end else check(f"{_LETTER}{text}{_LETTER}")
