"""YAML read together with the place of every value."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.constructor import RoundTripConstructor
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from adapters.rule_files.faults import Fault, RuleFileError
from engine.rulebook.build import Path as ValuePath
from engine.rulebook.build import Problem

MAX_FILE_BYTES: Final = 1_048_576
MAX_VALUES: Final = 100_000
"""Aliases can make a small file describe a huge one, so values are counted as they are unfolded."""


class _TimesAsText(RoundTripConstructor):
    """Leaves dates and times as they are written: the type of the field knows what is meant."""


_TimesAsText.add_constructor("tag:yaml.org,2002:timestamp", _TimesAsText.construct_scalar)


class Source:
    """The text of a YAML file, its content as plain data, and where each value stands."""

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self.text = text
        self._lines = text.splitlines()
        self._tree = self._parse()
        self._unfolded = 0
        self.content: Any = self._plain(self._tree)

    @classmethod
    def of_file(cls, path: Path) -> Source:
        """Read a file. Raises RuleFileError where it can't be read, is too large, or is no YAML."""
        try:
            raw = path.read_bytes()
        except OSError as error:
            raise RuleFileError([Fault(str(path), 1, 1, f"the file can't be read: {error.strerror}")]) from None
        if len(raw) > MAX_FILE_BYTES:
            message = f"the file has {len(raw)} bytes, {MAX_FILE_BYTES} are allowed"
            raise RuleFileError([Fault(str(path), 1, 1, message)])
        try:
            return cls(str(path), raw.decode("utf-8-sig"))
        except UnicodeDecodeError as error:
            line = raw[: error.start].count(b"\n") + 1
            raise RuleFileError([Fault(str(path), line, 1, "the file is not UTF-8: save it as UTF-8")]) from None

    def fault(self, problem: Problem) -> Fault:
        """The problem at its place in the file."""
        line, column = self._position(problem.path)
        length = 1
        if problem.place is not None:
            value = self._value(problem.path)
            line, column = self._inside(line, column, value if isinstance(value, str) else "", problem.place.offset)
            length = max(1, problem.place.length)
        text = self._lines[line] if line < len(self._lines) else ""
        return Fault(self.name, line + 1, column + 1, problem.message, text, length)

    def _parse(self) -> Any:
        yaml = YAML(typ="rt", pure=True)
        yaml.Constructor = _TimesAsText
        try:
            return yaml.load(self.text)
        except MarkedYAMLError as error:
            raise RuleFileError([self._syntax_fault(error)]) from None
        except (YAMLError, ValueError, RecursionError) as error:
            raise RuleFileError([Fault(self.name, 1, 1, f"this is no YAML that can be read: {error}")]) from None

    def _syntax_fault(self, error: MarkedYAMLError) -> Fault:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line, mark.column) if mark is not None else (0, 0)
        text = self._lines[line] if line < len(self._lines) else ""
        words = "a key stands here twice" if "duplicate key" in str(error.problem) else f"YAML: {error.problem}"
        return Fault(self.name, line + 1, column + 1, words.splitlines()[0], text)

    def _plain(self, node: Any) -> Any:
        self._unfolded += 1
        if self._unfolded > MAX_VALUES:
            message = f"the file holds more than {MAX_VALUES} values, aliases unfolded"
            raise RuleFileError([Fault(self.name, 1, 1, message)])
        if isinstance(node, CommentedMap):
            return {str(key): self._plain(value) for key, value in node.items()}
        if isinstance(node, CommentedSeq):
            return [self._plain(value) for value in node]
        return _plain_scalar(node)

    def _position(self, path: ValuePath) -> tuple[int, int]:
        """Line and column (both from 0) of the value, or of the nearest thing around it that is there."""
        node, position = self._tree, (0, 0)
        for step in path:
            if isinstance(node, CommentedMap) and step in node:
                position = node.lc.value(step)
            elif isinstance(node, CommentedSeq) and isinstance(step, int) and step < len(node):
                position = node.lc.item(step)
            else:
                break
            node = node[step]
        return position

    def _value(self, path: ValuePath) -> Any:
        node = self._tree
        for step in path:
            node = node[step]
        return node

    def _inside(self, line: int, column: int, value: str, offset: int) -> tuple[int, int]:
        """Where the character at `offset` of a text value stands: over quotes, block marks and folded lines."""
        lines = self.text.splitlines(keepends=True)
        at = sum(map(len, lines[:line])) + column
        mark = self.text[at : at + 1]
        if mark in ("|", ">"):
            at = self.text.find("\n", at) + 1
            at += len(self.text[at:]) - len(self.text[at:].lstrip())
        elif mark in ('"', "'"):
            at += 1
        for character in value[:offset]:
            at = self._step(at, character)
        before = self.text[:at]
        return before.count("\n"), at - (before.rfind("\n") + 1)

    def _step(self, at: int, character: str) -> int:
        if character.isspace():
            while at < len(self.text) and self.text[at].isspace():
                at += 1
            return at
        return at + (2 if self.text[at : at + 1] == "\\" and character != "\\" else 1)


def _plain_scalar(node: Any) -> Any:
    """The scalar as Python's own type: the parser's subclasses remember how it was written."""
    for kind in (bool, int, float, str):
        if isinstance(node, kind):
            return kind(node)
    return node
