"""Finds the slip that made a text invalid YAML: frequent ones, each with its place and what to do."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from msgspec import Struct
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.reader import ReaderError

from engine.rulebook.conditions.lexer import TYPOGRAPHIC_QUOTES


class YamlSlip(Struct, frozen=True):
    """What is wrong and what to do, at a line and column (both from 0), over `length` characters (0: the whole file).

    `proposal` is a corrected text. It contains what the author wrote, so it must not go into every log.
    """

    line: int
    column: int
    message: str
    advice: str
    length: int = 1
    proposal: str = ""


class _Spot(Struct, frozen=True):
    """Where the parser stopped, and its message. `begun` is the line and column where it began to read that thing."""

    lines: list[str]
    line: int
    column: int
    said: str
    begun: tuple[int, int]

    @property
    def text(self) -> str:
        return self.lines[self.line] if self.line < len(self.lines) else ""

    @property
    def value(self) -> tuple[int, str] | None:
        """Column and text of the value after the first key of the line; None if there is none."""
        found = _VALUE.match(self.text)
        return (found.start("value"), found["value"].rstrip()) if found else None

    def here(self, message: str, advice: str, length: int = 1) -> YamlSlip:
        return YamlSlip(self.line, self.column, message, advice, length)

    def at_value(self, message: str, reason: str) -> YamlSlip | None:
        """A slip of the whole value, which should be in quotes; None if the line has no value."""
        if self.value is None:
            return None
        column, value = self.value
        return YamlSlip(
            self.line, column, message, reason, len(value), quoted(value) if len(value) <= LONGEST_PROPOSAL else ""
        )


_VALUE: Final = re.compile(r"\s*(?:- +)*[^\s:#'\"{\[][^:#{\[]*: +(?P<value>[^\s{].*)")
_GLUED: Final = re.compile(r"\s*(?:- +)*(?P<key>[A-Za-z_]\w*)(?P<at>:)(?P<value>\S.*)")
_GLUED_DASH: Final = re.compile(r"\s*(?P<at>-)(?P<value>[A-Za-z_]\w*: .*)")
_FIRST: Final = {
    "@": "`@` is kept by YAML for itself",
    "`": "a backtick is kept by YAML for itself",
    "%": "`%` begins a directive of YAML",
    "*": "`*` names an anchor of YAML",
    "!": "`!` begins a tag of YAML",
    "[": "`[` begins a list",
    "{": "`{` begins a mapping",
}
_BLANKS: Final = re.compile("[\u00a0\u1680\u2000-\u200b\u202f\u205f\u3000\ufeff]")
_BEFORE_BLANK: Final = re.compile(r"[ -]*|\s*(?:- +)*[^\s:#'\"]+:|.*\S -")
_CONFLICT: Final = re.compile(r"(?:<{7}|={7}|>{7})(?: |$)")
CONTAINS_ITSELF: Final = "this value contains itself"
LONGEST_LINE: Final = 2_000
"""Characters of a line that are looked at. The time of the patterns grows faster than the line."""
LONGEST_PROPOSAL: Final = 120
"""Characters of the longest value that is shown again in quotes."""
_AFTER_BRACKETS: Final = re.compile(r".*: *\[[^\[\]]*\]\s*")
_IN_BRACKETS: Final = "`[` begins a list: put a text that begins so in quotes, as a whole"
_GENERAL: Final = "see that brackets and quotes are closed, and that lines are indented with blanks alike"


def slip_of(text: str, error: MarkedYAMLError | ReaderError) -> YamlSlip:
    """The slip because of which the parser refused the text. Without a known one, it has the parser's message."""
    if isinstance(error, ReaderError):
        return unseen_character(text, error.position, error.character)
    mark, context = error.problem_mark or error.context_mark, error.context_mark
    line, column = (mark.line, mark.column) if mark is not None else (0, 0)
    begun = (line, column) if context is None else (context.line, context.column)
    said = (str(error.problem) or "this can not be read").splitlines()[0]
    lines = [one[:LONGEST_LINE] for one in text.splitlines()]
    spot = _Spot(lines, line, column, said, begun)
    found = (judge(spot) for judge in _JUDGES)
    advice = _IN_BRACKETS if _AFTER_BRACKETS.fullmatch(spot.text[:column]) else _GENERAL
    return next(filter(None, found), None) or spot.here(f"YAML: {said}", advice, max(1, len(spot.text) - column))


def _character(spot: _Spot, place: tuple[int, int]) -> str:
    """The character at a line and column; empty after the end of the text or line."""
    line, column = place
    return spot.lines[line][column : column + 1] if line < len(spot.lines) else ""


def unseen_character(text: str, position: int, character: str | int) -> YamlSlip:
    """The slip for a character that YAML does not allow, such as a control character, at an offset of the text."""
    code = character if isinstance(character, int) else ord(character)
    line, column = text.count("\n", 0, position), position - text.rfind("\n", 0, position) - 1
    return YamlSlip(line, column, f"a character that can't be seen (U+{code:04X}) stands here", "take it out")


def quoted(value: str) -> str:
    """The value in quotes, to be shown. Quotes that are already around it are replaced."""
    inner = value[1:-1] if _is_in_quotes(value) else value
    if "'" not in inner:
        return f"`'{inner}'`"
    if '"' not in inner and "\\" not in inner:
        return f'`"{inner}"`'
    # Within single quotes YAML writes a single quote twice.
    doubled = inner.replace("'", "''")
    return f"`'{doubled}'`"


def _is_in_quotes(value: str) -> bool:
    """Whether the quotes at both ends were meant for the whole value. In `"a" == "b"` they were not."""
    if len(value) < 3 or value[0] not in "\"'" or value[-1] != value[0]:  # noqa: PLR2004
        return False
    inner = value[1:-1]
    at = inner.find(value[0])
    return at < 0 or inner.count(value[0]) % 2 == 1 or not inner[at - 1 : at].isalnum()


def _tab(spot: _Spot) -> YamlSlip | None:
    before = len(spot.text) - len(spot.text.lstrip())
    in_front = spot.text[: max(before, spot.column + 1)]
    at = in_front.find("\t") if "\\t" in spot.said or "\t" in spot.text[:before] else -1
    if at < 0:
        return None
    length = len(in_front) - at - len(in_front[at:].lstrip("\t"))
    message = "a tab stands here (shown as →): YAML takes blanks alone between and before words"
    return YamlSlip(spot.line, at, message, "put blanks in its place", max(1, length))


def _odd_blank(spot: _Spot) -> YamlSlip | None:
    """A blank of another kind where YAML needs one of its own; the parser often complains only on the next line."""
    for number in sorted({spot.begun[0], max(0, spot.line - 1), spot.line}):
        line = spot.lines[number] if number < len(spot.lines) else ""
        found = _BLANKS.search(line if number < spot.line else line[: spot.column + 1])
        if found is not None and _BEFORE_BLANK.fullmatch(line[: found.start()]):
            code = f"U+{ord(found[0]):04X}"
            message = f"a blank that is none ({code}) stands here, as web pages and word processors have them"
            return YamlSlip(number, found.start(), message, "put an ordinary blank in its place")
    return None


def _glued(spot: _Spot) -> YamlSlip | None:
    """`key:value` and `-key`, on the line where the parser stopped or on the one before.

    Without the blank this is text to YAML, so that the parser often complains only on the next line.
    """
    for line in (spot.line - 1, spot.line):
        if not 0 <= line < len(spot.lines):
            continue
        for pattern, mark in ((_GLUED, ":"), (_GLUED_DASH, "-")):
            found = pattern.match(spot.lines[line])
            if found is not None:
                message = f"there is no blank behind the `{mark}`"
                proposal = f"`{found['key']}: {found['value'].rstrip()}`" if mark == ":" else ""
                return YamlSlip(line, found.start("at"), message, "write one", 1, proposal)
    return None


def _colon(spot: _Spot) -> YamlSlip | None:
    if "mapping values are not allowed" in spot.said and spot.value is not None and spot.column > spot.value[0]:
        return spot.at_value("a `:` with a blank behind it begins a value of its own", "put the whole value in quotes")
    if "but got ':'" in spot.said and spot.begun[0] == spot.line:
        message = "a `:` with a blank behind it begins a value of its own"
        return spot.here(message, "put the value that holds it in quotes")
    return None


def _no_colon(spot: _Spot) -> YamlSlip | None:
    """A line that should begin a value and has no `:`. The parser complains only on a later line."""
    if "could not find expected ':'" not in spot.said or spot.begun[0] >= len(spot.lines):
        return None
    number, column = spot.begun
    text = spot.lines[number]
    at = text.find("\uff1a")
    if at >= 0:
        return YamlSlip(number, at, "this wide `\uff1a` is no `:` of YAML", "write `:` and a blank behind it")
    message, advice = "no `:` with a blank stands behind the first word of this line", "write `key: value`"
    return YamlSlip(number, column, message, advice, max(1, len(text.rstrip()) - column))


def _conflict(spot: _Spot) -> YamlSlip | None:
    for number, line in enumerate(spot.lines[: spot.line + 1]):
        if _CONFLICT.match(line):
            message = "a version control has left both sides of a conflict here"
            return YamlSlip(
                number, 0, message, "keep one of them, and take out the lines with <<<, === and >>>", len(line)
            )
    return None


def _second_document(spot: _Spot) -> YamlSlip | None:
    if "found another document" not in spot.said:
        return None
    message, length = "a second document begins here, and a file holds one", max(1, len(spot.text.rstrip()))
    return spot.here(message, "take out `---` and `...`, or put what follows into a file of its own", length)


def _itself(spot: _Spot) -> YamlSlip | None:
    if spot.said != CONTAINS_ITSELF:
        return None
    return spot.here(f"{spot.said}, by a `*` within it", "write what is meant in the place of the `*`")


def _first_character(spot: _Spot) -> YamlSlip | None:
    begun = spot.text[spot.column : spot.column + 1]
    if ("cannot start any token" in spot.said or "undefined alias" in spot.said) and begun in _FIRST:
        reason = "put the value in quotes"
        value = spot.at_value(_FIRST[begun], reason)
        return value if value is not None and value.column == spot.column else spot.here(_FIRST[begun], reason)
    value_begins = "" if spot.value is None else spot.value[1][0]
    if "found '<scalar>'" in spot.said and value_begins == "[":
        return spot.at_value(_FIRST["["], "put the whole value in quotes")
    return None


def _typographic(spot: _Spot) -> YamlSlip | None:
    at = next((at for at, one in enumerate(spot.text) if one in TYPOGRAPHIC_QUOTES), None)
    if at is None or spot.text[:at].rstrip()[-1:] not in (":", "-", "[", ",", "{"):
        return None
    return YamlSlip(spot.line, at, f"`{spot.text[at]}` is no quote of YAML", "write straight ones, \" or '")


def _quotes(spot: _Spot) -> YamlSlip | None:
    """Quotes that end before the value does, because the value contains the same quotes."""
    if "<scalar>" not in spot.said or not re.search("[\"']", spot.text[: spot.column + 1]):
        return None
    message = "the quotes are closed before the value ends"
    if spot.value is not None and spot.value[1][0] in "\"'":
        return spot.at_value(message, "write it in quotes of the other kind")
    return spot.here(message, "write it in quotes of the other kind, or double a ' that stands inside of '…'")


def _unclosed(spot: _Spot) -> YamlSlip | None:
    line, column = spot.begun
    if "end of stream" in spot.said and _character(spot, spot.begun) in ('"', "'"):
        return YamlSlip(line, column, "these quotes are never closed", "close them at the end of the value")
    if "expected ',' or" in spot.said and line < spot.line:
        bracket = _character(spot, spot.begun)
        closing = {"[": "]", "{": "}"}.get(bracket, bracket)
        return YamlSlip(line, column, f"this `{bracket}` is not closed", f"write `{closing}` where it ends")
    return None


def _backslash(spot: _Spot) -> YamlSlip | None:
    if "unknown escape" not in spot.said:
        return None
    message = 'within "…" a backslash begins a code, and there is none of this name'
    return spot.here(message, "write two backslashes, or put the value in single quotes")


def _indent(spot: _Spot) -> YamlSlip | None:
    if "mapping values are not allowed" in spot.said and spot.line > 0:
        message = "this line goes on with the value of the line before, and no `:` with a blank may stand there"
        advice = "begin it in the column of the lines that it belongs to, or put the whole value in quotes"
        return spot.here(message, advice)
    if "block end" not in spot.said or ("found '<block" not in spot.said and "found '-'" not in spot.said):
        return None
    message = "this line is indented otherwise than the lines that it belongs to"
    return spot.here(message, "begin it in the same column as they do", max(1, len(spot.text.rstrip()) - spot.column))


_JUDGES: Final[tuple[Callable[[_Spot], YamlSlip | None], ...]] = (
    _conflict,
    _second_document,
    _itself,
    _tab,
    _odd_blank,
    _typographic,
    _unclosed,
    _colon,
    _glued,
    _first_character,
    _backslash,
    _quotes,
    _no_colon,
    _indent,
)
"""Tried in this order, the surest signs first. The first that finds something decides."""
