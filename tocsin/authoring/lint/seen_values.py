"""The values that fields had in recorded events, as far as conditions ask for them; in memory that does not grow."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

from engine.directory import compact
from engine.directory.directory import Directory
from engine.field_values import Subject, value_of
from engine.rulebook.conditions.syntax import Leaf, OneOf
from engine.rulebook.rulebook import Rulebook
from engine.scope import Scope
from engine.stages.s1_triggers import raised_triggers
from schemas.directory import ContractRecord
from schemas.event import Event
from schemas.vocabulary import Trigger

MOST_OTHERS: Final = 1_000
"""Further values of a field that are kept, to say which one was meant."""
_LONGEST: Final = 200
"""Characters of such a value."""
_OF_EVENTS: Final = frozenset({"event", "ticket", "previous", "actor"})
_NO_CONTRACT: Final = compact.contract(ContractRecord(id=""))[0]


class SeenValues:
    """Which of the texts that conditions compare with occurred. Of fields of records, events say nothing."""

    def __init__(self, asked: Sequence[Leaf], rulebook: Rulebook) -> None:
        self._rulebook = rulebook
        self._directory = Directory()
        self._wanted: dict[str, set[str]] = {}
        for leaf in asked:
            if isinstance(leaf, OneOf) and leaf.field.partition(".")[0] in _OF_EVENTS:
                texts = {value for value in leaf.values if isinstance(value, str)}
                self._wanted.setdefault(leaf.field, set()).update(texts)
        self._seen: dict[str, set[str]] = {field: set() for field in self._wanted}
        self._others: dict[str, set[str]] = {field: set() for field in self._wanted}
        self.events = 0

    def add(self, event: Event) -> None:
        """Take an event into account."""
        self.events += 1
        triggers = raised_triggers(event)
        scope = Scope(event, event.time, triggers, _NO_CONTRACT, None, None, self._directory, self._rulebook)
        subject = Subject(scope, next(iter(triggers), Trigger.STATUS_CHANGED), None)
        for field, wanted in self._wanted.items():
            value = value_of(field, subject)
            if not isinstance(value, str):
                continue
            if value in wanted:
                self._seen[field].add(value)
            elif len(self._others[field]) < MOST_OTHERS and len(value) <= _LONGEST:
                self._others[field].add(value)

    def judges(self, field: str) -> bool:
        """Whether events say what the field has."""
        return field in self._wanted

    def has(self, field: str, value: str) -> bool:
        """Whether the field had this value in some event."""
        return value in self._seen.get(field, ())

    def others(self, field: str) -> Collection[str]:
        """What it had besides, as far as that is kept."""
        return self._seen[field] | self._others[field]
