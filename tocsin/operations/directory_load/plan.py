"""What a load changes in the directory's topic: records against what is held there. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import msgspec
from msgspec import Struct

from adapters.kafka.held_records import Held, HeldRecord
from adapters.kafka.record_names import key_of
from engine.directory.removals import too_many
from schemas.directory import RECORD_KINDS, Record, record_kind
from schemas.foreign_record import read_any_record
from schemas.log import NewRecord
from schemas.ownership import OWNER_HEADER
from schemas.refusal import RefusedError
from schemas.topics import DIRECTORY

NO_KIND: Final = "key that names nothing"

_ORDER: Final = {
    kind: rank
    for rank, kind in enumerate(
        ("suppression", "collaborator", "contact", "product", "service", "site", "customer", "contract")
    )
}
"""A record comes after those that it names, for readers that see half of a transaction (read_uncommitted)."""


class Change(Struct, frozen=True):
    """A record that differs from the one that is held, which may be one that can't be read."""

    record: Record
    held: HeldRecord

    @property
    def before(self) -> Record | None:
        """What is held, where it can be read."""
        return _read(self.held)


class Plan(Struct, frozen=True):
    """What a load by an owner does. `foreign` are held records of others that the files name as well."""

    owner: str | None
    added: Sequence[Record]
    changed: Sequence[Change]
    unchanged: int
    removed: Sequence[HeldRecord]
    foreign: Sequence[HeldRecord]
    own: Counter[str]
    """How many records of the owner are held, by kind."""

    @property
    def size(self) -> int:
        """How many records have to be written."""
        return len(self.added) + len(self.changed) + len(self.removed)

    def too_many(self) -> dict[str, tuple[int, int]]:
        """Kinds of which more than a fifth would be removed: how many, and of how many."""
        return too_many(Counter(kind_of(one.key) for one in self.removed), self.own)

    def outputs(self) -> Iterator[NewRecord]:
        """The records to be written, each after those that it names; then the removals, in the reverse order."""
        headers = ((OWNER_HEADER, self.owner.encode()),) if self.owner is not None else ()
        written = [*self.added, *(change.record for change in self.changed)]
        for record in sorted(written, key=lambda one: _ORDER[record_kind(one)]):
            yield NewRecord(DIRECTORY, key_of(record), msgspec.json.encode(record), headers)
        for held in sorted(self.removed, key=lambda one: -_ORDER.get(kind_of(one.key), 0)):
            yield NewRecord(DIRECTORY, held.key, None, headers)


def plan(records: Iterable[Record], held: Held, owner: str | None, remove_others: bool) -> Plan:
    """What has to be written so that the topic holds these records as the owner's.

    With `remove_others`, it then holds no other records of the owner.
    """
    added: list[Record] = []
    changed: list[Change] = []
    foreign: list[HeldRecord] = []
    unchanged, named = 0, set[bytes | None]()
    for record in records:
        key = key_of(record)
        named.add(key)
        there = held.get(key)
        # A tombstone that compaction has not removed yet holds nothing.
        if there is None or there.value is None:
            added.append(record)
            continue
        is_own = there.owner == owner
        if not is_own:
            foreign.append(there)
        if is_own and _is_same(there, record):
            unchanged += 1
        else:
            changed.append(Change(record, there))
    # Records of other owners are never removed: they are not in these files, and need not be.
    own = [one for one in held.values() if one.value is not None and one.owner == owner]
    removed = [one for one in own if one.key not in named] if remove_others else []
    return Plan(owner, added, changed, unchanged, removed, foreign, Counter(kind_of(one.key) for one in own))


def kind_of(key: bytes | None) -> str:
    """The kind that a key names."""
    kind, slash, _ = (key or b"").decode(errors="replace").partition("/")
    return kind if slash and kind in RECORD_KINDS else NO_KIND


def _is_same(held: HeldRecord, record: Record) -> bool:
    # Bytes first: equal bytes need not be read. Otherwise fields may stand in another order, or be written out.
    return held.value == msgspec.json.encode(record) or _read(held) == record


def _read(held: HeldRecord) -> Record | None:
    try:
        return None if held.value is None else read_any_record(held.value, kind_of(held.key))
    except RefusedError:
        return None
