"""What would have to be different, as data: one field of the event, of a record, or of the rule file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any, Final

from msgspec import Struct

from schemas.errors import InputError

EVENT: Final = "the event"
RULE_FILE: Final = "the rule file"

Fields = Mapping[str, Any]
Records = Mapping[str, Fields]
"""Directory records by `kind/id`, each as it goes over the wire."""


class Action(StrEnum):
    """What is done to the field."""

    SET = "set"
    """It gets the value."""
    ADD = "add"
    """Its list gets the value too."""
    REMOVE = "remove"
    """It, or the whole record, goes."""


class Entry(Struct, frozen=True):
    """An entry of a list, known by some of its fields. `name` is what people call it."""

    fields: tuple[tuple[str, Any], ...]
    name: str

    def is_in(self, value: object) -> bool:
        """Whether this value is the entry."""
        return isinstance(value, Mapping) and all(value.get(name) == wanted for name, wanted in self.fields)


Step = str | Entry


class Change(Struct, frozen=True):
    """One thing that would have to be different.

    `record` is `the event`, `the rule file`, or `kind/id`; `path` leads to the field (empty: the whole record). `does`
    says in words what to do there. What stands in an event can't be changed any more: `is_past`.
    """

    record: str
    path: tuple[Step, ...]
    action: Action
    value: Any
    does: str

    @property
    def field(self) -> str:
        """The field as people read it."""
        return "".join(_shown(self.path)).removeprefix(".") or "(the whole record)"

    @property
    def is_past(self) -> bool:
        """Whether it says what would have had to be different, since nobody can change it now."""
        return self.record == EVENT

    def shown(self) -> str:
        """The change in one line."""
        return f"{self.record}, field {self.field}: {self.does}"


class Applied(Struct, frozen=True):
    """The event, the records and the rule file after a change."""

    event: Fields
    records: Records
    rules: Fields


class ChangeError(InputError, ValueError):
    """There is nothing at the change's place."""


def apply(change: Change, event: Fields, records: Records, rules: Fields) -> Applied:
    """The same with this change; what was given stays as it was. Raises ChangeError where it can't be applied."""
    if change.record == EVENT:
        return Applied(_changed(event, change.path, change), records, rules)
    if change.record == RULE_FILE:
        return Applied(event, records, _changed(rules, change.path, change))
    record: Fields | None = None if change.action is Action.REMOVE else change.value
    if change.path:
        if change.record not in records:
            raise ChangeError(f"there is no record {change.record}")
        record = _changed(records[change.record], change.path, change)
    return Applied(event, With(records, change.record, record), rules)


class With(Mapping[str, Fields]):
    """Records with one of them changed, added, or gone (None)."""

    def __init__(self, records: Records, key: str, record: Fields | None) -> None:
        self._records = records
        self._key = key
        self._record = record

    def __getitem__(self, key: str) -> Fields:
        if key != self._key:
            return self._records[key]
        if self._record is None:
            raise KeyError(key)
        return self._record

    def __iter__(self) -> Iterator[str]:
        yield from (key for key in self._records if key != self._key)
        if self._record is not None:
            yield self._key

    def __len__(self) -> int:
        return sum(1 for _ in self)


def _changed(node: Any, path: tuple[Step, ...], change: Change) -> Any:
    """A copy of what stands here, changed at the end of the path."""
    if not path:
        # A list that is not there, or null, is an empty one.
        return [*(node or ()), change.value] if change.action is Action.ADD else change.value
    first, rest = path[0], path[1:]
    if isinstance(first, Entry):
        return _changed_list(node, first, rest, change)
    if node is not None and not isinstance(node, Mapping):
        raise ChangeError(f"{change.field} of {change.record} is not there")
    fields = dict(node or {})
    if not rest and change.action is Action.REMOVE:
        fields.pop(first, None)
        return fields
    # Copied along the path alone: what lies beside it is shared with other scenarios, and never changed.
    return {**fields, first: _changed(fields.get(first), rest, change)}


def _changed_list(node: Any, entry: Entry, rest: tuple[Step, ...], change: Change) -> list[Any]:
    places = [place for place, value in enumerate(node or ()) if entry.is_in(value)]
    if not places:
        raise ChangeError(f"{change.field} of {change.record} is not there")
    # Entries that are known by the same fields are alike to whoever reads the advice: the first one will do.
    at = places[0]
    return [*node[:at], _changed(node[at], rest, change), *node[at + 1 :]]


def _shown(path: tuple[Step, ...]) -> Iterator[str]:
    for step in path:
        yield f"[{step.name}]" if isinstance(step, Entry) else f".{step}"
