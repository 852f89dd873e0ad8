"""YAML read together with the place of every value."""

from __future__ import annotations

import errno
import re
from itertools import accumulate
from pathlib import Path
from typing import Any, Final

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.constructor import RoundTripConstructor
from ruamel.yaml.error import MarkedYAMLError

from adapters.files.opening import read_bounded
from adapters.rule_files.faults import Fault, RuleFileError
from adapters.rule_files.places import inside, length_of_value
from engine.rulebook.problems import Path as ValuePath
from engine.rulebook.problems import Problem
from schemas.finding import FindingCode
from schemas.reading import HALF, HALF_CHARACTER

MAX_FILE_BYTES: Final = 1_048_576
MAX_VALUES: Final = 100_000
"""Aliases can make a small file describe a huge one, so values are counted as they are unfolded."""

MAX_DEPTH: Final = 50
"""Aliases can also make a file contain itself."""

_ADVICE: Final = {
    errno.EFBIG: "split it",
    errno.EXDEV: "put the file itself there, or name the one that it leads to",
    errno.EINVAL: "put a file of YAML there",
    errno.EISDIR: "name a file in it",
}


class _TimesAsText(RoundTripConstructor):
    """Leaves dates and times as they are written: the type of the field knows what is meant."""


_TimesAsText.add_constructor("tag:yaml.org,2002:timestamp", _TimesAsText.construct_scalar)


_ESCAPED_HALF: Final = re.compile(r"\\(?:u|U0000)[dD][89a-fA-F][0-9a-fA-F]{2}")
MAX_OPEN: Final = 500
"""The parser's time grows with the square of the brackets that are open."""


class Source:
    """The text of a YAML file, its content as plain data, and where each value stands."""

    def __init__(self, name: str, text: str) -> None:
        """Raises RuleFileError where the text is no YAML, or unfolds into too much."""
        self.name = name
        self.text = text
        self._lines = text.splitlines()
        self._tree = self._parse()
        self._unfolded = 0
        self.content: Any = self._plain(self._tree, 0)

    @classmethod
    def of_file(cls, path: Path) -> Source:
        """Read a file. Raises RuleFileError where it can't be read, is too large, or is no YAML."""
        try:
            raw = read_bounded(path, MAX_FILE_BYTES, path.parent)
        except OSError as error:
            advice = _ADVICE.get(error.errno or 0, "see that it is there, and may be read")
            raise _unreadable(path, f"the file can't be read: {error.strerror}", advice) from None
        try:
            return cls(str(path), raw.decode("utf-8-sig"))
        except UnicodeDecodeError as error:
            line = raw[: error.start].count(b"\n") + 1
            raise _unreadable(path, "the file is not UTF-8", "save it as UTF-8", line) from None

    def fault(self, problem: Problem) -> Fault:
        """The problem at its place in the file."""
        line, column = self._position(problem.path, problem.at_key)
        text = self._lines[line] if line < len(self._lines) else ""
        length = len(str(problem.path[-1])) if problem.at_key else length_of_value(text, column)
        if problem.place is not None:
            value = self._value(problem.path)
            written = value if isinstance(value, str) else ""
            line, column = inside(self.text, line, column, written, problem.place.offset)
            text = self._lines[line] if line < len(self._lines) else ""
            length = max(1, problem.place.length)
        return Fault(self.name, line + 1, column + 1, problem.message, text, length, problem.code, problem.suggestion)

    def _parse(self) -> Any:
        if _most_open(self.text) > MAX_OPEN:
            message = f"the file has more than {MAX_OPEN} brackets open at once"
            raise RuleFileError([Fault(self.name, 1, 1, message, code=FindingCode.UNREADABLE_FILE)])
        yaml = YAML(typ="rt", pure=True)
        yaml.Constructor = _TimesAsText
        try:
            return yaml.load(self.text)
        except MarkedYAMLError as error:
            raise RuleFileError([self._syntax_fault(error)]) from None
        except Exception as error:  # noqa: BLE001 - whatever the parser meets in a text that nobody foresaw
            reason = (str(error) or type(error).__name__).splitlines()[0]
            message = f"this is no YAML that can be read: {reason}"
            raise RuleFileError([Fault(self.name, 1, 1, message, code=FindingCode.YAML_SYNTAX)]) from None

    def _syntax_fault(self, error: MarkedYAMLError) -> Fault:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line, mark.column) if mark is not None else (0, 0)
        text = self._lines[line] if line < len(self._lines) else ""
        if "duplicate key" in str(error.problem):
            words, code, advice = "a key stands here twice", FindingCode.DUPLICATE_KEY, "keep one of them"
        else:
            words, code = (
                f"YAML: {(str(error.problem) or 'this can not be read').splitlines()[0]}",
                FindingCode.YAML_SYNTAX,
            )
            advice = "see that brackets and quotes are closed, and that lines are indented with blanks alike"
        return Fault(self.name, line + 1, column + 1, words, text, length_of_value(text, column), code, advice)

    def _plain(self, node: Any, depth: int) -> Any:
        self._unfolded += 1
        if self._unfolded > MAX_VALUES or depth > MAX_DEPTH:
            what = (
                f"more than {MAX_VALUES} values, aliases unfolded" if depth <= MAX_DEPTH else "itself, or is too deep"
            )
            message = f"the file holds {what}"
            raise RuleFileError([Fault(self.name, 1, 1, message, code=FindingCode.UNREADABLE_FILE)])
        if isinstance(node, CommentedMap):
            return {self._whole(str(key)): self._plain(value, depth + 1) for key, value in node.items()}
        if isinstance(node, CommentedSeq):
            return [self._plain(value, depth + 1) for value in node]
        return self._whole(_plain_scalar(node))

    def _whole(self, value: Any) -> Any:
        """The value. Raises RuleFileError where it is a text with half of a character."""
        if isinstance(value, str) and HALF.search(value):
            # Only an escape makes one: the file itself is UTF-8.
            at = found.start() if (found := _ESCAPED_HALF.search(self.text)) else 0
            line, column = self.text.count("\n", 0, at), at - self.text.rfind("\n", 0, at) - 1
            text = self._lines[line] if line < len(self._lines) else ""
            raise RuleFileError(
                [Fault(self.name, line + 1, column + 1, HALF_CHARACTER, text, 6, FindingCode.YAML_SYNTAX)]
            )
        return value

    def _position(self, path: ValuePath, at_key: bool) -> tuple[int, int]:
        """Line and column (both from 0) of the value, or of the nearest thing around it that is there."""
        node, position = self._tree, _start(self._tree)
        for number, step in enumerate(path, 1):
            if isinstance(node, CommentedMap) and step in node:
                places = node.lc.key if at_key and number == len(path) else node.lc.value
            elif isinstance(node, CommentedSeq) and isinstance(step, int) and step < len(node):
                places = node.lc.item
            else:
                break
            try:
                position = places(step)
            except (KeyError, TypeError, AttributeError):
                # What a merge (<<) brought in has no place here: the mapping that it was brought into has.
                break
            node = node[step]
        return position

    def _value(self, path: ValuePath) -> Any:
        node = self._tree
        for step in path:
            node = node[step]
        return node


def _most_open(text: str) -> int:
    """How many brackets are open at most, wherever they stand: in quotes too, where they mostly are closed again."""
    steps = (1 if bracket in "[{" else -1 for bracket in re.findall(r"[\[\]{}]", text))
    return max(accumulate(steps), default=0)


def _unreadable(path: Path, message: str, advice: str, line: int = 1) -> RuleFileError:
    return RuleFileError([Fault(str(path), line, 1, message, code=FindingCode.UNREADABLE_FILE, suggestion=advice)])


def _start(tree: Any) -> tuple[int, int]:
    """Where the content begins: behind comments."""
    mark = getattr(tree, "lc", None)
    if mark is None or mark.line is None:
        return 0, 0
    return mark.line, mark.col or 0


def _plain_scalar(node: Any) -> Any:
    """The scalar as Python's own type: the parser's subclasses remember how it was written."""
    for kind in (bool, int, float, str):
        if isinstance(node, kind):
            return kind(node)
    return node
