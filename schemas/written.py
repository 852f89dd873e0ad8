"""Records as people write them: every key is one that is read, every word one that is known.

On the wire more is taken: what a later release or another reader adds there has no effect. Where a person writes, an
unknown key is a slip. So one declaration says both: a field's type is what the wire takes, and `written` beside it what
people may write there.
"""

from __future__ import annotations

import types
from enum import StrEnum
from functools import cache, reduce
from operator import or_
from typing import Annotated, Any, Final, Union, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Meta, Struct

OWN_KEY: Final = "x-"
"""How a key begins that people may add to a record, or a part of it, for themselves: it is passed over."""

_WRITTEN: Final = "written"


class Word(StrEnum):
    """Words that no short list holds, and that are looked up."""

    LANGUAGE = "language"
    TIME_ZONE = "time_zone"
    CONTRACT_TYPE = "contract_type"
    CONTRACT_STATUS = "contract_status"


def written(kind: Any = None, word: Word | None = None) -> dict[str, Any]:
    """What people may write in a field: a type narrower than that of the wire, or a word that is looked up."""
    return {_WRITTEN: (kind, word)}


def as_written(kind: Any) -> Any:
    """The same type as people write it: no unknown keys, and the narrower types of `written`."""
    origin = get_origin(kind)
    if origin is Annotated:
        inner, *metas = get_args(kind)
        narrower = next((_said(one)[0] for one in metas if _said(one)[0] is not None), None)
        return Annotated[(as_written(inner if narrower is None else narrower), *metas)]
    if origin in (Union, types.UnionType):
        return reduce(or_, map(as_written, get_args(kind)))
    if origin is list:
        return list[as_written(get_args(kind)[0])]  # type: ignore[misc]
    return _closed(kind) if isinstance(kind, type) and issubclass(kind, Struct) else kind


@cache
def looked_up(kind: type[Struct]) -> dict[str, Word]:
    """The fields of a record whose words are looked up."""
    return {name: word for name, hint in _hints(kind).items() if (word := _word(hint)) is not None}


@cache
def _closed(kind: type[Struct]) -> type[Struct]:
    defaults = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    fields: list[Any] = []
    for name, hint in _hints(kind).items():
        field = defaults[name]
        fields.append((name, as_written(hint)) if field.required else (name, as_written(hint), field.default))
    return msgspec.defstruct(
        kind.__name__,
        fields,
        module=__name__,
        namespace={"__doc__": kind.__doc__},
        tag_field=kind.__struct_config__.tag_field,
        tag=kind.__struct_config__.tag,
        frozen=True,
        forbid_unknown_fields=True,
    )


def _hints(kind: type[Struct]) -> dict[str, Any]:
    hints = get_type_hints(kind, include_extras=True)
    return {name: hints[name] for name in kind.__struct_fields__}


def _word(hint: Any) -> Word | None:
    return next((word for one in get_args(hint)[1:] if (word := _said(one)[1]) is not None), None)


def _said(meta: Any) -> tuple[Any, Word | None]:
    said: tuple[Any, Word | None] = (None, None)
    if isinstance(meta, Meta) and meta.extra is not None:
        said = meta.extra.get(_WRITTEN, said)
    return said
