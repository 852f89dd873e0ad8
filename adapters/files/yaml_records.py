"""Reads records from YAML 1.2: each with its line, as the plain data that JSON would give."""

from __future__ import annotations

import errno
import math
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

from msgspec import Struct
from ruamel.yaml import YAML
from ruamel.yaml.composer import MaxDepthExceededError
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError

from adapters.files.directory_problems import STANDS_TWICE
from adapters.files.opening import folder_around, read_bounded
from adapters.yaml_files.slips import slip_of
from schemas.reading import HALF, HALF_CHARACTER
from schemas.refusal import Refusal, RefusedError, refuse

MAX_YAML_BYTES: Final = 16 * 1_048_576
"""YAML is read at a thousand records a second, JSON Lines at a hundred thousand. Larger files should be those."""
MAX_DEPTH: Final = 50
MAX_RECORD_VALUES: Final = 50_000
"""Values in one record. What its aliases repeat counts too."""
MAX_REPEATED_VALUES: Final = 1_000_000
"""Values that the aliases of one file may add to those written out."""

_TAG: Final = "tag:yaml.org,2002:"


class YamlRecord(Struct, frozen=True):
    """A record that starts on this line (from 1). `kind` and `id` are None if they can't be read.

    `twice` is `kind` or `id` if that key is there twice. Then these may be two records, and neither can be named.
    """

    line: int
    kind: str | None
    id: str | None
    twice: str | None
    plain: Callable[[], Any]
    """Returns the record as plain data. Raises RefusedError."""
    place: Callable[[Sequence[str | int], bool], tuple[int, int]]
    """Returns line and column (from 1) of the value at a path, or of its key if the second argument is true."""


class YamlFaultError(RefusedError):
    """Text that is not YAML from `line` and `column` on (both from 1; `column` is None if it is not known)."""

    def __init__(self, line: int, reason: str, column: int | None = None) -> None:
        super().__init__("not_yaml", Refusal("", reason))
        self.line = line
        self.column = column


def yaml_text(path: Path, name: str) -> str:
    """The text of a file, whose path below its folder is `name`.

    Raises OSError, RefusedError (too large), and YamlFaultError (not UTF-8).
    """
    try:
        raw = read_bounded(path, MAX_YAML_BYTES, folder_around(path, name))
    except OSError as error:
        if error.errno != errno.EFBIG:
            raise
        reason = f"the file is too large for YAML, {error.strerror}: write it as JSON Lines (.jsonl)"
        raise RefusedError("too_large", Refusal("", reason)) from None
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise YamlFaultError(line, "the file is not UTF-8: save it as UTF-8") from None


def yaml_records(text: str) -> Iterator[YamlRecord]:
    """The records of all documents. A document is one record, or a list of records.

    If there is a fault, the records of the documents before it come first, and then it raises YamlFaultError.
    """
    builder = _Builder(len(text) + MAX_REPEATED_VALUES)
    for document in _documents(text):
        for node in document.value if _is_list(document) else [document]:
            yield YamlRecord(
                node.start_mark.line + 1, *_name(node), partial(builder.record, node), partial(_place, node)
            )


def says_something(text: str) -> bool:
    """Whether there is a document that is not null. An empty list is one; a file with only comments has none."""
    return next(_documents(text), None) is not None


def _documents(text: str) -> Iterator[Any]:
    yaml = YAML(typ="safe", pure=True)
    yaml.max_depth = MAX_DEPTH
    yaml.composer.warn_double_anchors = False
    try:
        for document in yaml.compose_all(text):
            if document is not None and document.tag != _TAG + "null":
                yield document
    except MaxDepthExceededError as error:
        mark = error.problem_mark or error.context_mark
        line = 1 if mark is None else mark.line + 1
        raise YamlFaultError(line, "a record is nested too deeply to be read") from None
    except (MarkedYAMLError, ReaderError) as error:
        slip = slip_of(text, error)
        reason = f"this is not YAML: {slip.message.removeprefix('YAML: ')}: {slip.advice}"
        raise YamlFaultError(slip.line + 1, reason, slip.column + 1) from None
    except (YAMLError, ValueError, AssertionError) as error:
        # AssertionError: the parser raises it for a version that it does not know, such as `%YAML 1.3`.
        raise YamlFaultError(1, f"this is not YAML: {(str(error) or type(error).__name__).splitlines()[0]}") from None


def _place(node: Any, path: Sequence[str | int], at_key: bool) -> tuple[int, int]:
    mark = node.start_mark
    for step in path:
        if isinstance(step, int):
            node = node.value[step]
            mark = node.start_mark
        else:
            key, node = next((key, value) for key, value in node.value if key.value == step)
            mark = (key if at_key else node).start_mark
    return mark.line + 1, mark.column + 1


def _is_list(node: Any) -> bool:
    return isinstance(node, SequenceNode)


def _name(node: Any) -> tuple[str | None, str | None, str | None]:
    """Kind and id as written, whatever else is wrong with the record, and which of these keys is there twice."""
    if not isinstance(node, MappingNode):
        return None, None, None
    keys = [key.value for key, _ in node.value if _is_text(key)]
    twice = next((name for name in ("kind", "id") if keys.count(name) > 1), None)
    if twice is not None:
        return None, None, twice
    texts = {key.value: value.value for key, value in node.value if _is_text(key) and _is_name(value)}
    return texts.get("kind"), texts.get("id"), None


def _is_name(node: Any) -> bool:
    return _is_text(node) and node.tag != _TAG + "null"


def _is_text(node: Any) -> bool:
    return isinstance(node, ScalarNode) and isinstance(node.value, str)


class _Builder:
    """Turns nodes into plain data. With aliases a small text can describe huge data, so it counts the values."""

    def __init__(self, values: int) -> None:
        self._left_in_file = values
        self._left_in_record = 0

    def record(self, node: Any) -> Any:
        self._left_in_record = MAX_RECORD_VALUES
        return self._value(node, "", 0)

    def _value(self, node: Any, field: str, depth: int) -> Any:
        self._count(depth)
        if isinstance(node, ScalarNode):
            return _scalar(node, field)
        if node.tag not in (_TAG + "map", _TAG + "seq"):
            raise refuse(field, node.tag, "this YAML tag is not read: leave it out")
        if _is_list(node):
            return [self._value(one, f"{field}[{index}]", depth + 1) for index, one in enumerate(node.value)]
        return self._mapping(node, field, depth)

    def _mapping(self, node: Any, field: str, depth: int) -> dict[str, Any]:
        data: dict[str, Any] = {}
        for key, value in node.value:
            if not _is_text(key):
                raise RefusedError("invalid_field", Refusal(field, "a key is a word, not a list or mapping"))
            _whole(key.value, field)
            path = f"{field}.{key.value}" if field else key.value
            if key.value == "<<":
                raise RefusedError("invalid_field", Refusal(path, "merge keys are not read: write the fields out"))
            if key.value in data:
                raise RefusedError("invalid_field", Refusal(path, STANDS_TWICE))
            data[key.value] = self._value(value, path, depth + 1)
        return data

    def _count(self, depth: int) -> None:
        self._left_in_record -= 1
        self._left_in_file -= 1
        if depth > MAX_DEPTH:
            raise RefusedError("too_deep", Refusal("", "the record is nested too deeply to be read"))
        if self._left_in_record < 0 or self._left_in_file < 0:
            reason = "the aliases repeat too much: write less, or write it as JSONL"
            raise RefusedError("too_large", Refusal("", reason))


def _scalar(node: Any, field: str) -> Any:
    """Text, true, false, null, or a number. A date stays text: the record's type knows which fields are dates."""
    text: str = node.value
    match node.tag.removeprefix(_TAG):
        case "str" | "timestamp" | "value" | "merge":
            return _whole(text, field)
        case "null":
            return None
        case "bool":
            return text.lower() in ("true", "yes", "on", "y")
        case "int" | "float":
            return _number(text)
        case _:
            raise refuse(field, node.tag, "this YAML tag is not read: leave it out")


def _whole(text: str, field: str) -> str:
    """The text. Raises RefusedError for a lone surrogate, which an escape can write: it is no character."""
    if HALF.search(text):
        raise refuse(field, text, HALF_CHARACTER)
    return text


def _number(text: str) -> int | float:
    # No field of a record is a number. The value is needed only so that the refusal can say `got int`.
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return math.nan
