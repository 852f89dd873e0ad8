"""The tables of docs/directory.md: every record, every part of one and every field, from their types."""

from __future__ import annotations

import re
from collections.abc import Iterator
from inspect import cleandoc
from typing import Final, get_args

from msgspec import inspect

from schemas.directory import Record
from schemas.reading import IDENTIFIER_LENGTH
from schemas.written import as_written

MARK: Final = "<!-- From here on written by `make schemas`: edit schemas/directory.py instead. -->"

_ALERTING: Final = {
    "contract": {"alerts_enabled", "recipients", "contacts", "collaborators"},
    "customer": {"alerts", "contacts", "collaborators"},
    "site": {"contacts", "collaborators"},
    "product": {"contacts", "collaborators"},
    "service": {"contacts", "collaborators"},
    "contact": {"modes", "alerts"},
    "collaborator": {"modes", "alerts"},
}
"""Fields that say who is told, by the kind of record: whoever looks after alerting decides them."""

_HEAD: Final = "| field | what stands there | meaning | left out | owner |\n| --- | --- | --- | --- | --- |"
_PART_HEAD: Final = "| field | what stands there | meaning | left out |\n| --- | --- | --- | --- |"
_LEFT_OUT: Final = re.compile(r"; not mentioned: ([^.]+)")


def records_list() -> str:
    """A section for each kind of record, then for each part of one."""
    return "\n".join(_sections())


def _sections() -> Iterator[str]:
    parts: dict[str, inspect.StructType] = {}
    for struct in _structs(*map(as_written, get_args(Record))):
        kind = str(struct.tag)
        yield f"### {kind}\n\n{_about(struct)}\n\n{_HEAD}"
        for field in struct.fields:
            owner = "alerting" if field.encode_name in _ALERTING.get(kind, ()) else "platform"
            yield f"| {' | '.join([*_cells(field), owner])} |"
        yield ""
        parts |= _parts(struct)
    for name, part in parts.items():
        yield f"### {_heading(name)}\n\n{_about(part)}\n\n{_PART_HEAD}"
        yield from (f"| {' | '.join(_cells(field))} |" for field in part.fields)
        yield ""


def _structs(*kinds: object) -> Iterator[inspect.StructType]:
    for one in inspect.multi_type_info(kinds):
        if isinstance(one, inspect.StructType):
            yield one


def _parts(struct: inspect.StructType) -> dict[str, inspect.StructType]:
    """The structures below this one, the outer before the inner."""
    found: dict[str, inspect.StructType] = {}
    for field in struct.fields:
        for one in _members(field.type):
            inner = next(_members(one.item_type), None) if isinstance(one, inspect.ListType) else one
            if isinstance(inner, inspect.StructType):
                found |= {inner.cls.__name__: inner, **_parts(inner)}
    return found


def _members(kind: inspect.Type) -> Iterator[inspect.Type]:
    """What may stand there, without null."""
    if isinstance(kind, inspect.Metadata):
        yield from _members(kind.type)
    elif isinstance(kind, inspect.UnionType):
        for one in kind.types:
            yield from _members(one)
    elif not isinstance(kind, inspect.NoneType):
        yield kind


def _cells(field: inspect.Field) -> tuple[str, str, str, str]:
    said = _description(field.type)
    meaning = _LEFT_OUT.sub("", said)
    # The page has a column for this, so it is taken out of the meaning.
    found = _LEFT_OUT.search(said)
    absent = "**required**" if field.required else found[1] if found else "none"
    return f"`{field.encode_name}`", " or ".join(map(_words, _members(field.type))), meaning, absent


def _description(kind: inspect.Type) -> str:
    """The outermost description: it is about the field, those within are about its type."""
    if isinstance(kind, inspect.Metadata):
        return (kind.extra_json_schema or {}).get("description") or _description(kind.type)
    return ""


def _words(kind: inspect.Type) -> str:
    match kind:
        case inspect.StructType():
            return f"[{_heading(kind.cls.__name__)}](#{_heading(kind.cls.__name__).replace(' ', '-')})"
        case inspect.ListType():
            return f"a list of {' or '.join(map(_plural, _members(kind.item_type)))}"
        case inspect.EnumType():
            return ", ".join(f"`{one.value}`" for one in kind.cls)
        case inspect.BoolType():
            return "true or false"
        case inspect.DateType():
            return "a day: `2026-01-31`"
        case inspect.DateTimeType():
            return "a time: `2026-01-31T09:00:00Z`"
        case inspect.StrType(max_length=limit):
            return "an id" if limit == IDENTIFIER_LENGTH else "a text"
        case _:
            return "anything"


def _plural(kind: inspect.Type) -> str:
    if isinstance(kind, inspect.StrType):
        return "ids" if kind.max_length == IDENTIFIER_LENGTH else "texts"
    return _words(kind) if isinstance(kind, inspect.EnumType) else _words(kind).replace("]", "s]", 1)


def _heading(name: str) -> str:
    """`TriggerSettings` as `trigger settings`, `ModeRecord` as `mode`."""
    return re.sub(r"(?<!^)(?=[A-Z])", " ", name.removesuffix("Record")).lower()


def _about(struct: inspect.StructType) -> str:
    return " ".join(cleandoc(struct.cls.__doc__ or "").split())
