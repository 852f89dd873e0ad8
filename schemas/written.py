"""Records as people write them. Every key must be one that is read, and every word one that is known.

On the wire more is accepted: what a later release adds there, or adds for another reader, has no effect. But where a
person writes, an unknown key is a slip. One declaration says both: a field's type is what the wire accepts, and
`written` beside it is what people may write.
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
"""The prefix of keys that people may add to a record, or to a part of it, for themselves. Such a key is ignored."""

_WRITTEN: Final = "written"


class Word(StrEnum):
    """Kinds of words that are looked up, since no short list holds them."""

    LANGUAGE = "language"
    TIME_ZONE = "time_zone"
    CONTRACT_TYPE = "contract_type"
    CONTRACT_STATUS = "contract_status"


def written(kind: Any = None, word: Word | None = None) -> dict[str, Any]:
    """For a field's Meta, what people may write in it: a type narrower than the wire's, or a word that is looked up."""
    return {_WRITTEN: (kind, word)}


def as_written(kind: Any) -> Any:
    """The type as people write it: without unknown keys, and with the narrower types of `written`."""
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
