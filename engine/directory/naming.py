"""Records named to a person: the first few of them, and how many more there are."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import Final

NAMED_RECORDS: Final = 5
"""More are not named in one sentence."""


def first_named(names: Iterable[str], count: int) -> str:
    """The first of `count` records: `contact/ct-1, contact/ct-2 and 3 more`, or all where they are few."""
    more = f" and {count - NAMED_RECORDS} more" if count > NAMED_RECORDS else ""
    return ", ".join(islice(names, NAMED_RECORDS)) + more
