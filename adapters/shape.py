"""Checks the shape of data that people wrote, and names all faults in words that its author understands.

msgspec's decoder stops at the first fault, so this is a walk of its own. It keeps the valid parts, so that their
meaning can be checked too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from itertools import islice
from typing import Any, Final, TypeVar

import msgspec
from msgspec import Struct
from msgspec.inspect import (
    AnyType,
    BoolType,
    DateTimeType,
    DateType,
    DictType,
    EnumType,
    IntType,
    ListType,
    LiteralType,
    Metadata,
    NoneType,
    StrType,
    StructType,
    Type,
    UnionType,
    type_info,
)

from schemas.finding import FindingCode
from schemas.problem import Path, Problem
from schemas.suggestion import closest
from schemas.trigger_words import trigger_called
from schemas.vocabulary import Trigger

Shaped = TypeVar("Shaped", bound=Struct)

SHOWN_VALUE: Final = 60
MAX_UNKNOWN_KEYS: Final = 100
"""How many unknown keys of one mapping are named. To look for what was meant takes time for each."""

WRONG: Final = object()
"""Marks a value of which nothing can be kept. Not None: that may be a valid value."""


def shaped(data: object, kind: type[Shaped], path: Path) -> tuple[Shaped | None, list[Problem]]:
    """The valid part of the data as this type, and all problems. The first is None if too little is valid."""
    walk = _Walk()
    kept = walk.keep(data, _type(kind), path)
    if kept is WRONG:
        return None, walk.problems
    try:
        return msgspec.convert(kept, kind), walk.problems
    except msgspec.ValidationError as error:
        # The type has a constraint that this walk does not know, so the decoder has the last word.
        return None, [*walk.problems, Problem(path, str(error))]


def shape_problems(data: object, kind: Any, own_keys: str) -> list[Problem]:
    """All problems of data that should have this type. Unknown keys that begin with `own_keys` are no problem."""
    walk = _Walk(own_keys)
    walk.keep(data, _type(kind), ())
    return walk.problems


@cache
def _type(kind: Any) -> Type:
    return type_info(kind)


class _Walk:
    """Walks through data and its type side by side, and collects the problems."""

    def __init__(self, own_keys: str | None = None) -> None:
        self.problems: list[Problem] = []
        self._own_keys = own_keys
        self._required: set[Path] = set()

    def keep(self, data: Any, shape: Type, path: Path) -> Any:
        """The valid part of the data; WRONG if there is none."""
        match _option(data, shape):
            case StructType() as struct:
                return self._struct(data, struct, path)
            case DictType() as mapping:
                return self._mapping(data, mapping, path)
            case ListType() as items:
                return self._list(data, items, path)
            case None:
                return self._wrong(path, f"{_shown(data)} is not allowed here", f"write {_wanted(shape)}")
            case found:
                return self._value(data, found, path)

    def _struct(self, data: Mapping[str, Any], struct: StructType, path: Path) -> Any:
        fields = {field.encode_name: field for field in struct.fields}
        unknown = (key for key in data if key not in fields and key != struct.tag_field and not self._is_own(key))
        for key in islice(unknown, MAX_UNKNOWN_KEYS):
            meant = _key_meant(key, fields)
            message = f"there is no key `{key}` here"
            self.problems.append(Problem((*path, key), message, None, FindingCode.UNKNOWN_KEY, meant, at_key=True))
        self._required |= {(*path, key) for key, field in fields.items() if field.required}
        kept = {key: self.keep(data[key], field.type, (*path, key)) for key, field in fields.items() if key in data}
        for key, field in fields.items():
            if field.required and key not in data:
                advice = f"add `{key}:` with {_wanted(field.type)}"
                self._wrong(path, f"the key `{key}` is missing here", advice, FindingCode.MISSING_KEY)
        right = {key: value for key, value in kept.items() if value is not WRONG}
        # A faulty optional field is left out; without a required one nothing of this value can be kept.
        return right if all(key in right for key, field in fields.items() if field.required) else WRONG

    def _is_own(self, key: str) -> bool:
        return self._own_keys is not None and key.startswith(self._own_keys)

    def _mapping(self, data: Mapping[str, Any], shape: DictType, path: Path) -> Any:
        if len(data) < (shape.min_length or 0):
            return self._wrong(path, "the mapping is empty", "put something into it")
        kept = {}
        for key, value in data.items():
            if self._value(key, _options(shape.key_type)[0], (*path, key)) is not WRONG:
                kept[key] = self.keep(value, shape.value_type, (*path, key))
        right = {key: value for key, value in kept.items() if value is not WRONG}
        return right if len(right) >= (shape.min_length or 0) else WRONG

    def _list(self, data: list[Any], shape: ListType, path: Path) -> Any:
        if len(data) < (shape.min_length or 0):
            advice = (
                "put something into it" if path in self._required else "put something into it, or leave the key out"
            )
            return self._wrong(path, "the list is empty", advice)
        kept = [self.keep(value, shape.item_type, (*path, index)) for index, value in enumerate(data)]
        right = [value for value in kept if value is not WRONG]
        return right if len(right) >= (shape.min_length or 0) else WRONG

    def _value(self, data: Any, shape: Type, path: Path) -> Any:
        names = _names(shape)
        if names and data not in names:
            called = trigger_called(data) if names == {*Trigger} else None
            meant = closest(str(data), names) if called is None else f"did you mean `{called}`?"
            advice = meant or f"write {_words(shape)}"
            return self._wrong(path, f"{_shown(data)} is not allowed here", advice)
        if not _fits(data, shape):
            return self._wrong(path, f"{_shown(data)} is not allowed here", f"write {_wanted(shape)}")
        return data

    def _wrong(self, path: Path, message: str, suggestion: str, code: FindingCode = FindingCode.WRONG_VALUE) -> object:
        self.problems.append(Problem(path, message, code=code, suggestion=suggestion))
        return WRONG


def _key_meant(key: str, keys: Iterable[str]) -> str:
    """What to do about a key that does not exist."""
    visible = "".join(character for character in key if character.isprintable() and not character.isspace())
    if visible != key and visible in keys:
        return f"write `{visible}` alone, without what can't be seen or only looks like a blank"
    return closest(key, keys) or f"the keys here are {', '.join(keys)}"


def _options(shape: Type) -> tuple[Type, ...]:
    """The allowed types, with unions taken apart and msgspec's metadata removed."""
    if isinstance(shape, Metadata):
        return _options(shape.type)
    if isinstance(shape, UnionType):
        return tuple(option for each in shape.types for option in _options(each))
    return (shape,)


def _option(data: object, shape: Type) -> Type | None:
    """The allowed type that fits the Python type of the data; None if there is none."""
    # Python counts bool as int, but `true` is no number to an author.
    for option in _options(shape):
        if isinstance(data, _PYTHON[type(option)]) and not (isinstance(data, bool) and isinstance(option, IntType)):
            return option
    return None


_PYTHON: Final[dict[type[Type], type[Any]]] = {
    StructType: dict,
    DictType: dict,
    ListType: list,
    StrType: str,
    DateType: str,
    DateTimeType: str,
    EnumType: str,
    LiteralType: str,
    IntType: int,
    BoolType: bool,
    NoneType: type(None),
    AnyType: object,
}


def _names(shape: Type) -> set[str]:
    if isinstance(shape, EnumType):
        return {str(member.value) for member in shape.cls}
    return set(map(str, shape.values)) if isinstance(shape, LiteralType) else set()


def _fits(data: Any, shape: Type) -> bool:
    if isinstance(shape, StrType):
        long_enough = (shape.min_length or 0) <= len(data) <= (shape.max_length or len(data))
        return long_enough and (shape.pattern is None or re.search(shape.pattern, data) is not None)
    if isinstance(shape, IntType):
        return (shape.ge is None or data >= shape.ge) and (shape.le is None or data <= shape.le)
    return True


def _shown(data: object) -> str:
    if data is None:
        return "nothing (an empty value)"
    if isinstance(data, dict):
        return "a mapping"
    if isinstance(data, list):
        return "a list"
    text = str(data).lower() if isinstance(data, bool) else str(data)
    return f"`{text if len(text) <= SHOWN_VALUE else text[:SHOWN_VALUE] + '…'}`"


def _wanted(shape: Type) -> str:
    """What is allowed here, in words."""
    options = [option for option in _options(shape) if not isinstance(option, NoneType)]
    named = [names for option in options if (names := _names(option))]
    listed = [
        isinstance(option, ListType) and _names(_options(option.item_type)[0]) in named for option in options
    ]  # a list of words that are listed already: say "a list of them"
    words = ["a list of them" if known else _words(option) for option, known in zip(options, listed, strict=True)]
    return ", or ".join(words) if any(listed) else " or ".join(words)


def _words(shape: Type) -> str:
    names = _names(shape)
    if names:
        return f"one of {', '.join(sorted(names))}" if len(names) > 1 else f"`{min(names)}`"
    match shape:
        case StrType(pattern=str()):
            return f"a name of letters, digits, - and _ of at most {shape.max_length} characters"
        case StrType():
            return "a text" if shape.max_length is None else f"{shape.min_length} to {shape.max_length} characters"
        case IntType():
            return f"a whole number from {shape.ge} to {shape.le}"
        case BoolType():
            return "true or false"
        case ListType():
            return f"a list of {_wanted(shape.item_type)}" if _names(_options(shape.item_type)[0]) else "a list"
        case StructType():
            return f"a mapping with {', '.join(field.encode_name for field in shape.fields)}"
        case _:
            return "a mapping"
