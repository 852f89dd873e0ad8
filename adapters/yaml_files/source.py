"""Reads YAML together with the place of every value."""

from __future__ import annotations

import errno
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from ruamel.yaml.comments import CommentedMap, CommentedSeq

from adapters.files.opening import read_bounded
from adapters.yaml_files.faults import Fault, FaultyFileError
from adapters.yaml_files.parsing import MAX_DEPTH, NotReadableError, parsed
from adapters.yaml_files.places import inside, length_of_value
from adapters.yaml_files.slips import LONGEST_LINE, YamlSlip
from schemas.finding import FindingCode
from schemas.problem import Path as ValuePath
from schemas.problem import Problem
from schemas.reading import HALF, HALF_CHARACTER

MAX_FILE_BYTES: Final = 1_048_576
MAX_VALUES: Final = 100_000
"""With aliases a small file can describe huge data, so values are counted as they are unfolded."""

_ADVICE: Final = {
    errno.EFBIG: "split it",
    errno.EXDEV: "put the file itself there, or name the one that it leads to",
    errno.EINVAL: "put a file of YAML there",
    errno.EISDIR: "name a file in it",
}


_ESCAPED_HALF: Final = re.compile(r"\\(?:u|U0000)[dD][89a-fA-F][0-9a-fA-F]{2}")
_KEY: Final = re.compile(r"[^:,{}\[\]]*")
_SAVE: Final = "save it as UTF-8"
_NULLS: Final = ("null", "~")
_JSON: Final[dict[bool | None, str]] = {True: "true", False: "false", None: "null"}


class Source:
    """The text of a YAML file, its content as plain data, and where each value stands."""

    def __init__(self, name: str, text: str) -> None:
        """Raises FaultyFileError if the text is not YAML, or its aliases unfold into too many values."""
        self.name = name
        self.text = text
        self._lines = text.splitlines()
        self._tree = self._parse()
        self._unfolded = 0
        self.content: Any = self._plain(self._tree, 0)

    @classmethod
    def of_file(cls, path: Path) -> Source:
        """Read a file. Raises FaultyFileError if it can't be read, is too large, or is not YAML."""
        try:
            raw = read_bounded(path, MAX_FILE_BYTES, path.parent)
        except OSError as error:
            advice = _ADVICE.get(error.errno or 0, "see that it is there, and may be read")
            raise _unreadable(path, f"the file can't be read: {error.strerror}", advice) from None
        try:
            return cls(str(path), raw.decode("utf-8-sig"))
        except UnicodeDecodeError as error:
            raise FaultyFileError([_not_utf8(str(path), raw, error.start)]) from None

    def fault(self, problem: Problem) -> Fault:
        """The problem as a fault, with its place in the file."""
        line, column = self._position(problem.path, problem.at_key)
        text = self._lines[line] if line < len(self._lines) else ""
        length = len(str(problem.path[-1])) if problem.at_key else length_of_value(text, column)
        if problem.place is not None:
            value = self._value(problem.path)
            written = value if isinstance(value, str) else ""
            line, column = inside(self.text, line, column, written, problem.place.offset)
            text = self._lines[line] if line < len(self._lines) else ""
            length = max(1, problem.place.length)
        advice = self._cut_off(problem) or problem.suggestion
        return Fault(self.name, line + 1, column + 1, problem.message, text, length, problem.code, advice)

    def _cut_off(self, problem: Problem) -> str | None:
        """What to do if a comment has cut off the end of a condition, which can't be read for that reason."""
        if problem.code is not FindingCode.CONDITION_SYNTAX:
            return None
        line, column = self._position(problem.path, at_key=False)
        written = self._line(line)[column:]
        if written[:1] in "\"'|>" or not re.search(r"\s#", written):
            return None
        return "a `#` behind a blank begins a comment: put the whole condition in quotes"

    def _parse(self) -> Any:
        try:
            return parsed(self.text)
        except NotReadableError as error:
            raise FaultyFileError([self._fault_at(error.slip, error.code)]) from None

    def _fault_at(self, slip: YamlSlip, code: FindingCode = FindingCode.YAML_SYNTAX) -> Fault:
        text = self._line(slip.line) if slip.length else ""
        at = (slip.line + 1, slip.column + 1)
        advice = f"{slip.advice}: {slip.proposal}" if slip.proposal else slip.advice
        return Fault(self.name, *at, slip.message, text, max(1, slip.length), code, advice)

    def _line(self, line: int) -> str:
        return self._lines[line] if line < len(self._lines) else ""

    def _plain(self, node: Any, depth: int) -> Any:
        self._unfolded += 1
        if self._unfolded > MAX_VALUES or depth > MAX_DEPTH:
            what = (
                f"more than {MAX_VALUES} values, aliases unfolded" if depth <= MAX_DEPTH else "itself, or is too deep"
            )
            message = f"the file holds {what}"
            raise FaultyFileError([Fault(self.name, 1, 1, message, code=FindingCode.UNREADABLE_FILE)])
        if isinstance(node, CommentedMap):
            return {self._key(node, key): self._plain(value, depth + 1) for key, value in node.items()}
        if isinstance(node, CommentedSeq):
            return [self._plain(value, depth + 1) for value in node]
        return self._whole(_plain_scalar(node))

    def _key(self, node: CommentedMap, key: object) -> str:
        """The key as text. Raises FaultyFileError if YAML reads it as something else than what is written.

        For example, YAML reads the key `0x10` as the number 16.
        """
        if isinstance(key, str):
            return str(self._whole(str(key)))
        places = node.lc.data.get(key)
        line, column = places[:2] if places else _start(node)
        found = _KEY.match(self._line(line), column)
        written = found[0].rstrip() if found else ""
        if written and written == str(key):
            return written
        if key is None or (isinstance(key, bool | int | float) and written):
            read = _JSON[key] if isinstance(key, bool | None) else "a number"
            message = f"the key `{written}` is read as {read}"
            advice = f'write it in quotes: `"{written}"`' if written else "write a key before the `:`"
            if isinstance(key, bool) and "%YAML 1.1" in self.text:
                message, advice = f"{message}, as `%YAML 1.1` asks for", "take that line out"
            raise FaultyFileError([self._fault_at(YamlSlip(line, column, message, advice, max(1, len(written))))])
        message = "a key is a word or a text, and this is a list or a mapping"
        raise FaultyFileError(
            [self._fault_at(YamlSlip(line, column, message, "put in quotes what begins with [ or {"))]
        )

    def _whole(self, value: Any) -> Any:
        """The value. Raises FaultyFileError if it is a text with a lone surrogate, which is no character."""
        if isinstance(value, str) and HALF.search(value):
            # The file is UTF-8, so only an escape can have written it: look for that.
            at = found.start() if (found := _ESCAPED_HALF.search(self.text)) else 0
            line, column = self.text.count("\n", 0, at), at - self.text.rfind("\n", 0, at) - 1
            text = self._lines[line] if line < len(self._lines) else ""
            raise FaultyFileError(
                [Fault(self.name, line + 1, column + 1, HALF_CHARACTER, text, 6, FindingCode.YAML_SYNTAX)]
            )
        return value

    def _position(self, path: ValuePath, at_key: bool) -> tuple[int, int]:
        """Line and column (both from 0) of the value. If it is missing, those of the nearest value around it."""
        node, position = self._tree, _start(self._tree)
        for number, step in enumerate(path, 1):
            if isinstance(node, CommentedMap) and (step := _own_key(node, step)) in node:
                is_last = number == len(path)
                places = node.lc.key if is_last and (at_key or self._is_empty(node, step)) else node.lc.value
            elif isinstance(node, CommentedSeq) and isinstance(step, int) and step < len(node):
                places = node.lc.item
            else:
                break
            found = _place_of(places, step)
            if found is None:
                # A key that a merge (<<) brought in has no place in this mapping: use that of the mapping itself.
                break
            position = found
            node = node[step]
        return position

    def _is_empty(self, node: CommentedMap, key: Any) -> bool:
        """Whether nothing stands behind a key. The parser's place of nothing is the next thing in the file."""
        place = _place_of(node.lc.value, key)
        return node[key] is None and (
            place is None or not self._line(place[0])[place[1] :].lower().startswith((*_NULLS, "!", "&"))
        )

    def _value(self, path: ValuePath) -> Any:
        node = self._tree
        for step in path:
            node = node[_own_key(node, step) if isinstance(node, CommentedMap) else step]
        return node


def _place_of(places: Callable[[Any], tuple[int, int] | None], step: Any) -> tuple[int, int] | None:
    try:
        return places(step)
    except (KeyError, TypeError, AttributeError):
        return None


def _own_key(node: CommentedMap, key: Any) -> Any:
    """The key as the parser has it. For example, it reads a key of digits as a number."""
    return key if key in node else next((own for own in node if str(own) == key), key)


def _unreadable(path: Path, message: str, advice: str, line: int = 1) -> FaultyFileError:
    return FaultyFileError([Fault(str(path), line, 1, message, code=FindingCode.UNREADABLE_FILE, suggestion=advice)])


def _not_utf8(name: str, raw: bytes, offset: int) -> Fault:
    """The fault of a file that is not UTF-8, with its line as it would be in the encoding of Windows."""
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        message = "the file is not UTF-8 but UTF-16, as some editors save it"
        return Fault(name, 1, 1, message, "", 1, FindingCode.UNREADABLE_FILE, _SAVE)
    begin = raw.rfind(b"\n", 0, offset) + 1
    line = raw[begin:].split(b"\n", 1)[0].rstrip(b"\r")[:LONGEST_LINE].decode("cp1252", "replace")
    place = (raw.count(b"\n", 0, offset) + 1, min(offset - begin, LONGEST_LINE) + 1)
    return Fault(name, *place, "the file is not UTF-8", line, 1, FindingCode.UNREADABLE_FILE, _SAVE)


def _start(tree: Any) -> tuple[int, int]:
    """Line and column (from 0) where the content begins, after leading comments."""
    mark = getattr(tree, "lc", None)
    if mark is None or mark.line is None:
        return 0, 0
    return mark.line, mark.col or 0


def _plain_scalar(node: Any) -> Any:
    """The scalar as Python's own type. The parser uses subclasses that also keep how it was written."""
    # bool first: Python counts it as int.
    for kind in (bool, int, float, str):
        if isinstance(node, kind):
            return kind(node)
    return node
