"""Every reason in words: why, and which change opens its gate."""

from __future__ import annotations

from typing import Final

from tocsin.authoring.explain.case import Case, Phrasing, Words
from tocsin.authoring.explain.reasons_of_events import OF_EVENTS
from tocsin.authoring.explain.reasons_of_people import OF_PEOPLE

PHRASING: Final[Phrasing] = {**OF_EVENTS, **OF_PEOPLE}
"""That of a record that can't be read is about events, objects and people alike."""


def in_words(case: Case) -> Words:
    """The reason of an entry in words."""
    return PHRASING[case.skip.reason](case)
