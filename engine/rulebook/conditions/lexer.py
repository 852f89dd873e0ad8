"""From a condition's text to its tokens."""

from __future__ import annotations

import math
import re
import unicodedata
from enum import StrEnum
from typing import Final

from msgspec import Struct

from engine.rulebook.conditions.syntax import Literal
from schemas.errors import InputError
from schemas.finding import FindingCode
from schemas.problem import Place


class ConditionError(InputError, ValueError):
    """A condition that can't be used: what is wrong and what to do, and where in its text."""

    def __init__(
        self,
        message: str,
        place: Place,
        code: FindingCode = FindingCode.CONDITION_SYNTAX,
        suggestion: str = "",
    ) -> None:
        super().__init__(message)
        self.message = message
        self.place = place
        self.code = code
        self.suggestion = suggestion


class TokenKind(StrEnum):
    """What a token is."""

    FIELD = "a field"
    LITERAL = "a value"
    OPERATOR = "a comparison"
    WORD = "a word"
    PUNCTUATION = "punctuation"
    END = "the end of the condition"


class Token(Struct, frozen=True):
    """A token. `text` is as written; `value` is set for literals."""

    kind: TokenKind
    text: str
    place: Place
    value: Literal = None


LONGEST_INTEGER: Final = 30

KEYWORDS: Final = frozenset({"and", "or", "not", "in", "contains", "starts", "ends", "with", "word"})
_CONSTANTS: Final[dict[str, Literal]] = {"true": True, "false": False, "null": None}

_TOKEN: Final = re.compile(
    r"""\s*(?:
      (?P<number>-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?![\w.]))
    | (?P<string>"(?:[^"\\]|\\["'\\])*"|'(?:[^'\\]|\\["'\\])*')
    | (?P<name>[^\W\d][\w-]*(?:\.[^\W\d][\w-]*)*)
    | (?P<operator>==|!=|<=|>=|<|>)
    | (?P<punctuation>[()\[\],])
    )""",
    re.VERBOSE,
)

TYPOGRAPHIC_QUOTES: Final = (
    "\u201c\u201d\u201e\u201f\u00ab\u00bb\u2039\u203a\u2018\u2019\u201a\u201b\u2032\u2033\u00b4\uff02\uff07"
)
"""Quotes of word processors: “ ” „ « » and their like."""
_LIKE_QUOTES: Final = TYPOGRAPHIC_QUOTES + "`"
_TYPOGRAPHIC_TEXT: Final = re.compile(f"[{_LIKE_QUOTES}](?:\\s*([^\"'{_LIKE_QUOTES}]*?)\\s*[{_LIKE_QUOTES}])?")

_MISTAKES: Final = (
    ("&&", "write `and` instead of `&&`"),
    ("||", "write `or` instead of `||`"),
    ("<>", "write `!=` instead of `<>`"),
    ("=", "write `==` to compare"),
    ("!", "write `not` instead of `!`"),
    ("#", "`#` begins no comment within a condition: write comments above it"),
)
_NUMBER: Final = re.compile(r"[+-]?\.?\d[\w.+]*")


def tokens(text: str) -> list[Token]:
    """All tokens of a condition, the end included. Raises ConditionError."""
    found: list[Token] = []
    position = 0
    while text[position:].strip():
        match = _TOKEN.match(text, position)
        if match is None:
            raise _unknown(text, position)
        found.append(_token(match))
        position = match.end()
    found.append(Token(TokenKind.END, "", Place(len(text), 0)))
    return found


def _token(match: re.Match[str]) -> Token:
    group = str(match.lastgroup)
    text = match[group]
    place = Place(match.start(group), len(text))
    match group:
        case "number":
            return Token(TokenKind.LITERAL, text, place, _number(text, place))
        case "string":
            return Token(TokenKind.LITERAL, text, place, re.sub(r"\\(.)", r"\1", text[1:-1]))
        case "operator":
            return Token(TokenKind.OPERATOR, text, place)
        case "punctuation":
            return Token(TokenKind.PUNCTUATION, text, place)
        case _:
            return _name(text, place)


def _number(text: str, place: Place) -> int | float:
    # The digits of a longer integer are no help to anybody, and int() of thousands of digits is slow or refused.
    number = int(text) if "." not in text and len(text) <= LONGEST_INTEGER else float(text)
    if math.isinf(number):
        raise ConditionError("no field can have a number of this size", place, suggestion="write a smaller one")
    return number


def _name(text: str, place: Place) -> Token:
    if text in _CONSTANTS:
        return Token(TokenKind.LITERAL, text, place, _CONSTANTS[text])
    # `AND` would else be read as the name of a field, and the error would speak of that.
    if text.lower() in KEYWORDS | set(_CONSTANTS) and text not in KEYWORDS:
        raise ConditionError(f"write `{text.lower()}` in small letters", place)
    return Token(TokenKind.WORD if text in KEYWORDS else TokenKind.FIELD, text, place)


def _unknown(text: str, position: int) -> ConditionError:
    while text[position].isspace():
        position += 1
    for wrong, advice in _MISTAKES:
        if text.startswith(wrong, position):
            return ConditionError(advice, Place(position, len(wrong)))
    if text[position] in "\"'":
        return _unclosed(text, position)
    number = _NUMBER.match(text, position)
    if number is not None:
        return _odd_number(number)
    found = _TYPOGRAPHIC_TEXT.match(text, position)
    if found is not None:
        meant = f'write straight ones: "{found[1]}"' if found[1] else 'write straight ones, "'
        message = "typographic quotes have no meaning in a condition"
        return ConditionError(message, Place(position, len(found[0])), suggestion=meant)
    if not text[position].isprintable():
        message = f"a character that can't be seen (U+{ord(text[position]):04X}) stands here"
        return ConditionError(message, Place(position, 1), suggestion="take it out")
    plain = unicodedata.normalize("NFKC", text[position])
    advice = f"write `{'==' if plain == '=' else plain}`" if plain != text[position] and plain.isascii() else ""
    return ConditionError(f"{text[position]!r} has no meaning in a condition", Place(position, 1), suggestion=advice)


def _unclosed(text: str, position: int) -> ConditionError:
    message = "the text is not closed, or has a backslash before something else than a quote or a backslash"
    quote = text[position]
    # An odd quote behind others mostly belongs into the text before: 'l'outage'.
    advice = "put a text that holds this quote in quotes of the other kind" if quote in text[:position] else ""
    return ConditionError(message, Place(position, 1), suggestion=advice)


def _odd_number(found: re.Match[str]) -> ConditionError:
    written = found[0]
    try:
        number = float(int(written, 0)) if written[-2:-1].isalnum() and "x" in written.lower() else float(written)
        meant = f"write `{int(number) if number.is_integer() else number}`"
    except (ValueError, OverflowError):
        meant = "write digits, with a point before decimals: `2.5`"
    message = f"`{written}` is no number as conditions have them"
    return ConditionError(message, Place(found.start(), len(written)), suggestion=meant)
