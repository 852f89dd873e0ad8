"""SARIF 2.1.0 (OASIS): what code hosting and editors read. Sections in brackets are of that standard."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import msgspec

from schemas.finding import CheckReport, Finding, FindingCode, Severity
from tocsin.authoring.lint.catalogue import CATALOGUE

SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json"

_LEVELS: Final[Mapping[Severity, str]] = {
    Severity.ERROR: "error",
    Severity.WARNING: "warning",
    Severity.REMARK: "note",
}
"""Section 3.27.10."""


def sarif(report: CheckReport) -> str:
    """One run with all findings [3.13, 3.14]."""
    codes = sorted({one.code for one in report.findings})
    driver = {
        "name": "tocsin",
        "semanticVersion": version("tocsin"),
        "rules": [_rule(code) for code in codes],
    }
    run = {
        "tool": {"driver": driver},
        # Columns count characters, as they do everywhere else in the product [3.14.17].
        "columnKind": "unicodeCodePoints",
        "results": [_result(one, codes.index(one.code)) for one in report.findings],
    }
    document = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode()


def _rule(code: FindingCode) -> dict[str, Any]:
    """Section 3.49."""
    entry = CATALOGUE[code]
    return {
        "id": code.value,
        "shortDescription": {"text": entry.meaning},
        "help": {"text": entry.remedy},
        "defaultConfiguration": {"level": _LEVELS[code.severity]},
    }


def _result(one: Finding, index: int) -> dict[str, Any]:
    """Section 3.27."""
    region: dict[str, Any] = {"startLine": one.line, "startColumn": one.column}
    if one.text:
        region["endColumn"] = one.column + len(one.text)
        region["snippet"] = {"text": one.text}
    place = {"artifactLocation": {"uri": _uri(one.file)}, "region": region}
    return {
        "ruleId": one.code.value,
        "ruleIndex": index,
        "level": _LEVELS[one.severity],
        "message": {"text": one.said},
        "locations": [{"physicalLocation": place}],
    }


def _uri(file: str) -> str:
    """A relative path stays relative to where the command ran [3.4.3]."""
    path = Path(file)
    return path.as_uri() if path.is_absolute() else quote(path.as_posix())
