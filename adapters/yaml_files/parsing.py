"""Parses the text of a rule file or rule test: YAML 1.2 without what an author only writes by mistake."""

from __future__ import annotations

import re
from itertools import accumulate
from typing import Any, Final

from msgspec.structs import replace
from ruamel.yaml import YAML
from ruamel.yaml.constructor import ConstructorError, RoundTripConstructor
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.reader import ReaderError
from ruamel.yaml.tokens import TagToken

from adapters.yaml_files.places import length_of_value
from adapters.yaml_files.slips import CONTAINS_ITSELF, YamlSlip, slip_of
from schemas.errors import InputError
from schemas.finding import FindingCode

MAX_DEPTH: Final = 50
"""With aliases a value can also contain itself."""

MAX_OPEN: Final = 500
"""The parser's time grows with the square of the number of open brackets."""

_PERHAPS_TAGGED: Final = re.compile(r"(?:^|[\s\[{,])!", re.MULTILINE)
_OTHER_VERSION: Final = re.compile(r"^%YAML[ \t]+(?!1\.[12][ \t]*(?:#|$)).*", re.MULTILINE)


class NotReadableError(InputError, ValueError):
    """A text that is no YAML, or none that a rule file may be: what is wrong, where, and what to do."""

    def __init__(self, slip: YamlSlip, code: FindingCode = FindingCode.YAML_SYNTAX) -> None:
        super().__init__(slip.message)
        self.slip = slip
        self.code = code


class _Constructor(RoundTripConstructor):
    """Leaves dates and times as text: the type of the field decides what is a date. A value never contains itself."""

    def construct_object(self, node: Any, deep: bool = False) -> Any:
        # The parser would put null there, which many keys allow.
        if node in self.recursive_objects:
            raise ConstructorError(None, None, CONTAINS_ITSELF, node.start_mark)
        return super().construct_object(node, deep)


_Constructor.add_constructor("tag:yaml.org,2002:timestamp", _Constructor.construct_scalar)


def parsed(text: str) -> Any:
    """The parser's tree, which knows where each value stands. Raises NotReadableError."""
    if _most_open(text) > MAX_OPEN:
        message = f"the file has more than {MAX_OPEN} brackets open at once"
        raise NotReadableError(YamlSlip(0, 0, message, "", 0), FindingCode.UNREADABLE_FILE)
    yaml = YAML(typ="rt", pure=True)
    yaml.Constructor = _Constructor
    # A name that is given again is no fault, and the parser would write its warning among the results.
    yaml.composer.warn_double_anchors = False
    try:
        _refuse_version(text)
        _refuse_tags(text)
        return yaml.load(text)
    except (MarkedYAMLError, ReaderError) as error:
        raise _refused(text, error) from None
    except NotReadableError:
        raise
    except RecursionError:
        slip = YamlSlip(0, 0, "the file is nested too deep", f"write at most {MAX_DEPTH} levels", 0)
        raise NotReadableError(slip, FindingCode.UNREADABLE_FILE) from None
    except Exception as error:  # noqa: BLE001 - whatever the parser meets in a text that nobody foresaw
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise NotReadableError(YamlSlip(0, 0, f"this is no YAML that can be read: {reason}", "", 0)) from None


def _refused(text: str, error: MarkedYAMLError | ReaderError) -> NotReadableError:
    if isinstance(error, MarkedYAMLError) and "duplicate key" in str(error.problem):
        mark = error.problem_mark
        lines = text.splitlines()
        line = lines[mark.line] if mark.line < len(lines) else ""
        slip = YamlSlip(mark.line, mark.column, "a key stands here twice", "keep one of them")
        return NotReadableError(replace(slip, length=length_of_value(line, mark.column)), FindingCode.DUPLICATE_KEY)
    return NotReadableError(slip_of(text, error))


def _refuse_version(text: str) -> None:
    found = _OTHER_VERSION.search(text)
    if found is not None:
        line, message = text.count("\n", 0, found.start()), "another version of YAML is asked for than 1.1 and 1.2"
        raise NotReadableError(YamlSlip(line, 0, message, "take this line out", len(found[0])))


def _refuse_tags(text: str) -> None:
    """Raises NotReadableError for the first tag: which type a value has follows from where it stands."""
    if _PERHAPS_TAGGED.search(text) is None:
        return
    tag = next((token for token in YAML(typ="rt", pure=True).scan(text) if isinstance(token, TagToken)), None)
    if tag is None:
        return
    start, end = tag.start_mark, tag.end_mark
    written, following = text[start.index : end.index], text[end.index :].lstrip(" ")
    is_no_text = following[:1] in ("[", "{", "&", "*") or (written.startswith("!!") and following[:1] in "\r\n")
    advice = "take it out" if is_no_text else "put the value in quotes"
    message = f"`{written}` is read as a tag of YAML"
    raise NotReadableError(YamlSlip(start.line, start.column, message, advice, len(written)))


def _most_open(text: str) -> int:
    """The largest number of brackets that are open at once.

    Brackets in quotes count too: to tell them apart takes a parser, and most of them are closed again.
    """
    steps = (1 if bracket in "[{" else -1 for bracket in re.findall(r"[\[\]{}]", text))
    return max(accumulate(steps), default=0)
