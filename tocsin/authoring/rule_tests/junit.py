"""Results as JUnit XML, as CI systems read it: a suite for each file, a case for each test."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import groupby
from typing import Final
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from tocsin.authoring.rule_tests.running import Result

_NOT_XML: Final = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What no XML 1.0 document may hold (section 2.2)."""


def junit(results: Sequence[Result]) -> bytes:
    """The document, in UTF-8."""
    root = Element("testsuites", {"name": "tocsin test", **_counts(results)})
    for file, group in groupby(results, key=lambda result: result.test.file):
        own = [*group]
        suite = SubElement(root, "testsuite", {"name": _text(file), **_counts(own), "errors": "0", "skipped": "0"})
        for result in own:
            _case(suite, result)
    indent(root)
    document: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return document


def _case(suite: Element, result: Result) -> None:
    test = result.test
    where = {"file": _text(test.file), "line": str(test.line)}
    case = {"name": _text(test.name), "classname": _text(test.file), "time": f"{result.seconds:.3f}", **where}
    element = SubElement(suite, "testcase", case)
    if result.differences:
        failure = SubElement(element, "failure", {"message": _text(result.differences[0]), "type": "difference"})
        failure.text = _text("\n".join(result.differences))


def _counts(results: Sequence[Result]) -> dict[str, str]:
    failures = sum(bool(result.differences) for result in results)
    seconds = sum(result.seconds for result in results)
    return {"tests": str(len(results)), "failures": str(failures), "time": f"{seconds:.3f}"}


def _text(text: str) -> str:
    return _NOT_XML.sub("\ufffd", text)
