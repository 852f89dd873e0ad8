"""Reads JSON from outside into a type, or refuses it with the name of the field.

It is bounded, and takes only values that all readers understand alike (RFC 8259, RFC 7493).
"""

from __future__ import annotations

import codecs
import math
import re
import unicodedata
from collections.abc import Iterable
from typing import Annotated, Any, Final, TypeVar

import msgspec
from msgspec import Meta

from schemas.allowed_words import allowed_words
from schemas.refusal import Refusal, RefusedError, shown_value
from schemas.suggestion import closest

T = TypeVar("T")

LARGEST_INTEGER: Final = 2**64 - 1
"""Larger integers fit into no machine word. Beyond 2**53 some readers lose digits (RFC 7493, section 2.2)."""

IDENTIFIER_LENGTH: Final = 256
NOT_ALLOWED: Final = "this value is not one of those that are allowed here"
DEEPEST_VALUE: Final = 16

UNSEEN: Final = "\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069"
"""Characters that no identifier has, as a class of a regular expression.

They are control characters (C0, DEL, C1), marks that change the direction of writing (UAX 9), and separators of lines.
They can't be seen. With them one id can look like another, or one line of a log like two.
"""

_UNSEEN: Final = re.compile(f"[{UNSEEN}]")
END: Final = r"(?![\s\S])"
"""The end of a pattern. Python's $ also matches before a last line break. Published patterns have $, see generate."""

HALF: Final = re.compile("[\ud800-\udfff]")
"""Half of a pair of surrogates. YAML and JSON let people write one, but it is no character (Unicode, D71)."""
HALF_CHARACTER: Final = (
    "this text holds half of a character, by an escape from \\ud800 to \\udfff: write the character itself, or its "
    "number behind \\U, as \\U0001F600"
)

Identifier = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=IDENTIFIER_LENGTH,
        pattern=f"^[^{UNSEEN}]+{END}",
        description="An id: 1 to 256 characters, none of them a control character, visible or not.",
    ),
]


OptionalId = Annotated[
    str,
    Meta(
        max_length=IDENTIFIER_LENGTH,
        pattern=f"^[^{UNSEEN}]*{END}",
        description="An id of at most 256 characters, none of them a control character; empty: none.",
    ),
]


def read_json(raw: bytes, decoder: msgspec.json.Decoder[T], max_bytes: int) -> T:
    """Decode `raw`. A byte order mark before it is ignored, as RFC 8259, section 8.1, allows.

    Raises RefusedError with one of the codes `too_large`, `not_utf8`, `not_json`, `too_deep`, `invalid_field`.
    """
    _check_bytes(raw, max_bytes)
    raw = without_mark(raw)
    try:
        return decoder.decode(raw)
    except msgspec.ValidationError as error:
        raise refusal_of(error, _anything(raw), decoder.type) from None
    except msgspec.DecodeError as error:
        raise RefusedError("not_json", Refusal("", f"this is not JSON: {error}")) from None
    except RecursionError:
        raise RefusedError("too_deep", Refusal("", "the JSON is nested too deeply to be read")) from None
    except UnicodeDecodeError as error:
        raise RefusedError("not_utf8", Refusal("", f"this is not UTF-8 (byte {error.start})")) from None


def without_mark(raw: bytes) -> bytes:
    """The bytes without a byte order mark of UTF-8 before them: some editors and libraries write one."""
    return raw.removeprefix(codecs.BOM_UTF8)


def check_size(raw: bytes, max_bytes: int) -> None:
    """Raises RefusedError for what is empty or has too many bytes."""
    if not raw:
        raise RefusedError("not_json", Refusal("", "the value is empty: send one JSON object"))
    if len(raw) > max_bytes:
        reason = f"the value has {len(raw)} bytes, {max_bytes} are allowed: shorten the texts"
        raise RefusedError("too_large", Refusal("", reason))


def _check_bytes(raw: bytes, max_bytes: int) -> None:
    check_size(raw, max_bytes)
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise RefusedError("not_utf8", Refusal("", "this is UTF-16: send UTF-8"))
    try:
        # The decoder skips unknown fields without a look at their bytes, so the whole is checked first.
        raw.decode()
    except UnicodeDecodeError as error:
        raise RefusedError("not_utf8", Refusal("", f"this is not UTF-8 (byte {error.start})")) from None


def _anything(raw: bytes) -> Any:
    try:
        return msgspec.json.decode(raw)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return msgspec.UNSET


_ERROR_PATH = re.compile(r"^(?P<reason>.*?)(?: - at `(?P<path>.*)`)?$", re.DOTALL)


def refusal_of(error: msgspec.ValidationError, whole: Any, kind: Any = None) -> RefusedError:
    """The decoder's error as a refusal that names field and value.

    `whole` is the same input as plain data. `kind` is the type that was read, from which the allowed words come.
    """
    match = _ERROR_PATH.match(str(error))
    path, reason = ("", str(error)) if match is None else (match["path"] or "", match["reason"])
    # The decoder writes [...] for any member of a list, so the refusal can only show the whole list.
    field = path.removeprefix("key in ").replace("[...]", "").removeprefix("$").removeprefix(".")
    # For a missing field the path ends at the object, and only the reason names the field.
    missing = re.match(r"Object missing required field `(.+)`", reason)
    if missing:
        field = f"{field}.{missing[1]}" if field else missing[1]
        return RefusedError(
            "invalid_field", Refusal(field, "this required field is missing (null where there is none)")
        )
    value = _value_at(whole, path)
    allowed = () if kind is None or not _IS_NO_WORD.match(reason) else allowed_words(kind, path)
    words = _without_value(reason, value, allowed)
    return RefusedError("invalid_field", Refusal(field, words, shown_value(value), allowed or msgspec.UNSET))


_IS_NO_WORD = re.compile(r"Invalid (enum )?value ")


def _without_value(reason: str, value: Any, words: tuple[str, ...]) -> str:
    """The decoder's words without the value that it quotes, since reasons also go to logs."""
    if _IS_NO_WORD.match(reason):
        return not_allowed(value, words)
    if reason.startswith("Expected `str` matching regex"):
        unseen = _UNSEEN.search("".join(filter(_is_text, value)) if isinstance(value, list) else str(value))
        if unseen is not None:
            return f"an id has no {_named(unseen[0])}: leave it out"
    if reason == "Expected `object`, got `str`" and str(value).lstrip().startswith("{"):
        return "this is JSON within a text: send the object itself"
    return reason[:1].lower() + reason[1:]


def not_allowed(value: Any, words: Iterable[str]) -> str:
    """Words for an error: the value is none of these, and perhaps this one was meant. They do not quote the value."""
    listed = ", ".join(words)
    meant = closest(value, words) if isinstance(value, str) else ""
    told = f"{NOT_ALLOWED}: {listed}" if listed else NOT_ALLOWED
    return f"{told} ({meant})" if meant else told


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _named(character: str) -> str:
    # Control characters have no name of their own in Unicode.
    return f"{unicodedata.name(character, 'control character')} (U+{ord(character):04X})"


def _value_at(whole: Any, path: str) -> Any:
    for step in re.findall(r"[^.\[\]$]+", path):
        if isinstance(whole, dict) and step in whole:
            whole = whole[step]
        elif isinstance(whole, list) and step.isdigit() and int(step) < len(whole):
            whole = whole[int(step)]
        else:
            return msgspec.UNSET
    # A whole object, perhaps the whole document, would help nobody in an error.
    return msgspec.UNSET if isinstance(whole, dict) else whole


def check_free_value(field: str, value: Any, depth: int = 0) -> None:
    """Raise RefusedError for a number that two readers may understand differently, and for a value nested too deep."""
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return
    if isinstance(value, int) and abs(value) > LARGEST_INTEGER:
        reason = f"the integer is beyond ±{LARGEST_INTEGER}: send it as text"
        raise RefusedError("invalid_field", Refusal(field, reason, f"a number of {_digits(value)} digits"))
    if isinstance(value, float) and not math.isfinite(value):
        raise RefusedError("invalid_field", Refusal(field, "the number is not finite", shown_value(value)))
    if depth > DEEPEST_VALUE:
        raise RefusedError("too_deep", Refusal(field, f"the value is nested more than {DEEPEST_VALUE} levels deep"))
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, member in members:
        check_free_value(f"{field}.{key}", member, depth + 1)


def _digits(value: int) -> int:
    # str() refuses very long integers, so their length is estimated from their bits.
    return max(1, math.ceil(value.bit_length() * math.log10(2)))
