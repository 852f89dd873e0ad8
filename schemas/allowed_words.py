"""The words that a type allows at a place of the input, for an error message about another word there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from msgspec import inspect


@lru_cache(maxsize=256)
def allowed_words(kind: Any, path: str) -> tuple[str, ...]:
    """The words of the enumeration at this path, in the form of msgspec's errors (`$.data.triggers[...]`).

    They come in the order of their declaration, each once. None come where no enumeration stands at the path.
    """
    places: list[inspect.Type] = list(_members(inspect.type_info(kind)))
    # `[…]` is a step into a list, anything else between dots the name of a field. msgspec begins with `key in ` where
    # a key of an object is wrong.
    for step in re.findall(r"\[[^\]]*\]|[^.\[\]$]+", path.removeprefix("key in ")):
        places = [one for place in places for one in _members_at(place, step)]
    return tuple(dict.fromkeys(word for place in places for word in _words(place)))


def _members(place: inspect.Type) -> Iterator[inspect.Type]:
    """What may stand at a place: each member of a union, without annotations."""
    if isinstance(place, inspect.Metadata):
        yield from _members(place.type)
    elif isinstance(place, inspect.UnionType):
        for one in place.types:
            yield from _members(one)
    else:
        yield place


def _members_at(place: inspect.Type, step: str) -> Iterator[inspect.Type]:
    if isinstance(place, inspect.ListType | inspect.VarTupleType | inspect.SetType) and step.startswith("["):
        yield from _members(place.item_type)
    elif isinstance(place, inspect.DictType):
        yield from _members(place.value_type)
    elif isinstance(place, inspect.StructType):
        # The tag, such as the kind of a directory record, is not among the fields.
        if step == place.tag_field and isinstance(place.tag, str):
            yield inspect.LiteralType((place.tag,))
        for field in place.fields:
            if field.encode_name == step:
                yield from _members(field.type)


def _words(place: inspect.Type) -> Iterator[str]:
    if isinstance(place, inspect.EnumType):
        yield from (str(member.value) for member in place.cls)
    elif isinstance(place, inspect.LiteralType):
        yield from map(str, place.values)
