"""What is wrong with the shape of a rule file, in the words of its author.

With the keys and words that are allowed there.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec
from msgspec.inspect import DictType, EnumType, ListType, LiteralType, Metadata, StructType, Type, UnionType, type_info

from engine.rulebook.build import Path, Problem
from engine.rulebook.fields import nearest

_ERROR = re.compile(r"(?P<reason>.*?)(?: - at `(?P<path>.*)`)?", re.DOTALL)


def shape_problem(error: str, data: object, kind: type[msgspec.Struct], path: Path) -> Problem:
    """The decoder's complaint in the words of a rule author, with the path to the value."""
    match = _ERROR.fullmatch(error)
    reason, steps = (error, "") if match is None else (match["reason"], match["path"] or "")
    inner = tuple(int(step) if step.isdigit() else step for step in re.findall(r"[^.\[\]$]+", steps))
    value = _at(data, inner)
    unknown = re.match(r"Object contains unknown field `(.+)`", reason)
    if unknown:
        known = _keys_at(kind, inner)
        return Problem((*path, *inner, unknown[1]), f"there is no key `{unknown[1]}` here{nearest(unknown[1], known)}")
    missing = re.match(r"Object missing required field `(.+)`", reason)
    if missing:
        return Problem((*path, *inner), f"the key `{missing[1]}` is missing here")
    if reason.startswith("Invalid enum value"):
        names = _names_at(kind, inner)
        listed = f": one of {', '.join(sorted(names))}" if names else ""
        return Problem((*path, *inner), f"`{value}` is not allowed here{listed}{nearest(str(value), names)}")
    return Problem((*path, *inner), f"{reason[:1].lower()}{reason[1:]}")


def _at(data: Any, path: Path) -> object:
    for step in path:
        try:
            data = data[step]
        except (KeyError, IndexError, TypeError):
            return None
    return data


def _shape_at(kind: type[msgspec.Struct], path: Path) -> Type:
    """The declared type of the value at this path: its keys and words are what an author may have meant."""
    shape = type_info(kind)
    for step in path:
        for option in _options(shape):
            if isinstance(option, StructType):
                fields = {field.encode_name: field.type for field in option.fields}
                shape = fields.get(str(step), shape)
            elif isinstance(option, ListType):
                shape = option.item_type
            elif isinstance(option, DictType):
                shape = option.value_type
    return shape


def _options(shape: Type) -> tuple[Type, ...]:
    # A description wraps the type that it is about.
    if isinstance(shape, Metadata):
        return _options(shape.type)
    if isinstance(shape, UnionType):
        return tuple(one for option in shape.types for one in _options(option))
    return (shape,)


def _keys_at(kind: type[msgspec.Struct], path: Path) -> set[str]:
    structs = [option for option in _options(_shape_at(kind, path)) if isinstance(option, StructType)]
    return {field.encode_name for struct in structs for field in struct.fields}


def _names_at(kind: type[msgspec.Struct], path: Path) -> set[str]:
    names: set[str] = set()
    for option in _options(_shape_at(kind, path)):
        if isinstance(option, EnumType):
            names |= {str(member.value) for member in option.cls}
        elif isinstance(option, LiteralType):
            names |= {str(value) for value in option.values}
    return names
