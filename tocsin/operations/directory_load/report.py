"""What a load would change, as a person reads it, and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from adapters.kafka.held_records import HeldRecord
from adapters.kafka.record_names import key_of
from schemas.directory import Record
from tocsin.operations.directory_load.plan import Change, Plan
from tocsin.printing.printable import printable


def report(planned: Plan, examples: int) -> Iterator[str]:
    """The lines of the report: the counts, then what is added, changed and removed."""
    yield (
        f"{len(planned.added)} added, {len(planned.changed)} changed, {len(planned.removed)} removed, "
        f"{planned.unchanged} as they are"
    )
    yield from _listed("Added", [_name(one) for one in planned.added], examples)
    changes = [line for change in planned.changed[:examples] for line in _change(change)]
    yield from _listed("Changed", changes, len(changes), len(planned.changed) - examples)
    yield from _listed("Removed", [_key(one) for one in planned.removed], examples)
    foreign = [f"{_key(one)}: {'nobody' if one.owner is None else printable(one.owner)}'s" for one in planned.foreign]
    yield from _listed("Not this owner's, so a load needs --take-over", foreign, examples)
    for kind, (count, of) in planned.too_many().items():
        yield f"{count} of {of} would be removed ({kind}): a load needs --remove-many"


def as_json(planned: Plan, examples: int) -> dict[str, Any]:
    """The same as plain data: all counts, and the examples."""
    return {
        "counts": {
            "added": len(planned.added),
            "changed": len(planned.changed),
            "removed": len(planned.removed),
            "unchanged": planned.unchanged,
            "foreign": len(planned.foreign),
        },
        "added": [_name(one) for one in planned.added[:examples]],
        "changed": [{"record": _name(one.record), "fields": fields_changed(one)} for one in planned.changed[:examples]],
        "removed": [_key(one) for one in planned.removed[:examples]],
        "foreign": [{"record": _key(one), "owner": one.owner} for one in planned.foreign[:examples]],
        "too_many": {kind: {"removed": count, "of": of} for kind, (count, of) in planned.too_many().items()},
    }


def fields_changed(change: Change) -> dict[str, dict[str, Any]]:
    """The fields that differ, each as it was and as it would be; none where what is held can't be read."""
    before = change.before
    if before is None:
        return {}
    old, new = _plain(before), _plain(change.record)
    return {field: {"old": old.get(field), "new": new[field]} for field in new if old.get(field) != new[field]}


def _change(change: Change) -> Iterator[str]:
    name = _name(change.record)
    # A record that can't be read has no fields to compare.
    if change.before is None:
        yield f"{name}: what is held can't be read"
        return
    fields = fields_changed(change)
    if not fields:
        yield f"{name}: its owner alone"
    for field, values in fields.items():
        yield f"{name}: {field}: {_value(values['old'])} → {_value(values['new'])}"


def _listed(title: str, lines: Sequence[str], examples: int, more: int | None = None) -> Iterator[str]:
    if not lines and (more or 0) <= 0:
        return
    yield ""
    yield f"{title}:"
    yield from (f"  {line}" for line in lines[:examples])
    left = len(lines) - examples if more is None else more
    if left > 0:
        yield f"  and {left} more"


def _plain(record: Record) -> Mapping[str, Any]:
    plain: Mapping[str, Any] = msgspec.to_builtins(record)
    return plain


def _value(value: object) -> str:
    return printable(msgspec.json.encode(value).decode())


def _name(record: Record) -> str:
    return printable(key_of(record).decode())


def _key(held: HeldRecord) -> str:
    return printable((held.key or b"").decode(errors="backslashreplace"))
