"""Slips in records that people wrote: unknown keys, and words without a meaning.

The record is used all the same, as a record from the wire would be, and the unknown part has no effect. But in a file a
person meant something by it, and without a word from us would wait for an alert in vain.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, Final

import msgspec
from msgspec import Struct

from adapters.files.directory_problems import ProblemCode
from adapters.files.record_words import fault_in_list, fault_of
from adapters.shape import MAX_UNKNOWN_KEYS, shape_problems
from schemas.allowed_words import allowed_words
from schemas.directory import MAX_RECORD_BYTES, RECORD_TYPES, Record, record_kind
from schemas.finding import FindingCode
from schemas.problem import Path, Problem
from schemas.reading import not_allowed, without_mark
from schemas.refusal import Refusal, shown_value
from schemas.suggestion import closest
from schemas.written import OWN_KEY, as_written, looked_up

_AS_WRITTEN: Final[Mapping[str, type[Struct]]] = {kind: as_written(one) for kind, one in RECORD_TYPES.items()}
_DECODER: Final = msgspec.json.Decoder[Any](as_written(Record))
SHOWN_KEY: Final = 60
"""How many characters of a key are shown."""

_TOP_KEYS: Final = frozenset({"kind", *(field for one in RECORD_TYPES.values() for field in one.__struct_fields__)})


class Slip(Struct, frozen=True):
    """One slip: its code, the path to the key or value, and what to say about it."""

    code: ProblemCode
    path: Path
    refusal: Refusal

    @property
    def is_key(self) -> bool:
        """Whether the slip is in the key at the end of the path, not in its value."""
        return self.code is ProblemCode.UNKNOWN_KEY


def slips_on_line(line: bytes, record: Record) -> list[Slip]:
    """The slips in the record that was read from a line of JSON. A line without slips is checked quickly."""
    line = without_mark(line)
    # A strict decoder passes nearly every line. Only one that it refuses is walked through key by key.
    try:
        _DECODER.decode(line)
    except msgspec.ValidationError:
        return slips_in(_plain(line))
    fields = looked_up(type(record))
    return [*_words(record_kind(record), {name: getattr(record, name) for name in fields})] if fields else []


def keys_on_refused(line: bytes) -> list[Slip]:
    """`keys_in_refused` for a line of JSON."""
    return keys_in_refused(_plain(without_mark(line)) if len(line) <= MAX_RECORD_BYTES else None)


def keys_in_refused(data: object) -> list[Slip]:
    """The unknown keys in a refused record: a misspelt key may be the reason, or a further fault."""
    return [slip for slip in slips_in(data) if slip.is_key]


def beside(slips: Iterable[Slip], refusals: Iterable[Refusal]) -> list[Slip]:
    """The slips, without words in parts of the record that were refused: `refusals` name those already."""
    parts = {refusal.field.partition(".")[0] for refusal in refusals}
    return [slip for slip in slips if slip.is_key or field_of(slip.path[:2]) not in parts]


def slips_in(data: object) -> list[Slip]:
    """The slips in a record given as plain data. The record need not be readable."""
    if not isinstance(data, dict):
        return []
    kind = data.get("kind")
    if not isinstance(kind, str) or kind not in _AS_WRITTEN:
        return [*_keys_of_no_record(data)]
    found = shape_problems(data, _AS_WRITTEN[kind], OWN_KEY)
    keys = [_key(one) for one in found if one.code is FindingCode.UNKNOWN_KEY]
    values = (_value(one, data, kind) for one in found if one.code is FindingCode.WRONG_VALUE)
    return [*keys, *filter(None, values), *_words(kind, data)]


def field_of(path: Path) -> str:
    """A path as refusals write it: `modes[0].channel`. Characters that can't be printed are escaped."""
    steps = (f"[{step}]" if isinstance(step, int) else f".{_shown(step)}" for step in path)
    return "".join(steps).removeprefix(".")


def _shown(key: str) -> str:
    shown = (key or "''") if key.isprintable() else ascii(key)[1:-1]
    return shown if len(shown) <= SHOWN_KEY else shown[:SHOWN_KEY] + "…"


def _plain(line: bytes) -> object:
    try:
        return msgspec.json.decode(line)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return None


def _key(problem: Problem) -> Slip:
    return _unknown_key(problem.path, problem.suggestion)


def _unknown_key(path: Path, suggestion: str) -> Slip:
    advice = suggestion if suggestion.startswith("did") else f"{suggestion}; one of your own begins with {OWN_KEY}"
    return Slip(ProblemCode.UNKNOWN_KEY, path, Refusal(field_of(path), f"there is no such key here: {advice}"))


def _keys_of_no_record(data: Mapping[str, Any]) -> Iterator[Slip]:
    """Slips in a record without a known kind. The key `kind` itself may be misspelt.

    Only keys that resemble a known one are named: without the kind, nobody knows which keys are allowed.
    """
    unknown = (key for key in data if key not in _TOP_KEYS and not key.startswith(OWN_KEY))
    for key in islice(unknown, MAX_UNKNOWN_KEYS):
        meant = closest(key, _TOP_KEYS)
        if meant:
            yield _unknown_key((key,), meant)


def _value(problem: Problem, data: Any, kind: str) -> Slip | None:
    """A word that is not in its list; None for a value of a wrong type, because the record is refused for that."""
    value = data
    for step in problem.path:
        value = value[step]
    field = field_of(problem.path)
    words = allowed_words(_AS_WRITTEN[kind], f"$.{field}")
    refusal = Refusal(field, not_allowed(value, words), shown_value(value))
    return Slip(ProblemCode.UNKNOWN_WORD, problem.path, refusal) if words else None


def _words(kind: str, values: Mapping[str, Any]) -> Iterator[Slip]:
    for name, word in looked_up(RECORD_TYPES[kind]).items():
        given = values.get(name)
        found = (
            [((name, index), one) for index, one in enumerate(given)] if isinstance(given, list) else [((name,), given)]
        )
        for path, text in found:
            if not isinstance(text, str):
                continue
            fault = fault_of(word, text, kind) if len(path) == 1 else fault_in_list(word, text)
            if fault is not None:
                yield Slip(ProblemCode.UNKNOWN_WORD, path, Refusal(field_of(path), fault, shown_value(text)))
