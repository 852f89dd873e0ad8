"""The forms in which findings are written: for people, for programs, for code hosting."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import msgspec

from adapters.yaml_files.faults import marked
from schemas.finding import CheckReport, Finding, FindingCode, Severity
from tocsin.authoring.lint.catalogue import CATALOGUE

SHOWN_ALIKE: Final = 5
"""Remarks of one kind about a directory as a whole, such as one for each customer."""


def text(report: CheckReport) -> str:
    """For people: each finding with its place, what to do, and the line that it is about; then how many there are.

    Of remarks that have no line, only the first few of each kind are shown: they would hide everything else.
    """
    return "\n".join([*_shown(report.findings), *_counted(report)])


def _shown(findings: Sequence[Finding]) -> Iterator[str]:
    alike: Counter[tuple[str, FindingCode]] = Counter()
    for one in findings:
        kind = (one.file, one.code)
        alike[kind] += one.severity is Severity.REMARK and not one.source
        if alike[kind] <= SHOWN_ALIKE:
            yield _line(one)
    for (file, code), count in alike.items():
        if count > SHOWN_ALIKE:
            yield f"{file}: {count - SHOWN_ALIKE} more remarks of this kind: see them with --format json [{code}]"


def _line(one: Finding) -> str:
    head = f"{one.file}:{one.line}:{one.column}: {one.severity}: {one.said} [{one.code}]"
    return f"{head}\n{marked(one.source, one.column, len(one.text))}" if one.source.strip() else head


def _counted(report: CheckReport) -> Iterator[str]:
    summary = report.summary
    counts = ((summary.errors, "error"), (summary.warnings, "warning"), (summary.remarks, "remark"))
    said = [f"{count} {word if count == 1 else word + 's'}" for count, word in counts if count]
    yield ", ".join(said) if said else "no problems"


def json(report: CheckReport) -> str:
    """For programs: the report as one JSON object, see `schemas/json/check-report.schema.json`."""
    return msgspec.json.format(msgspec.json.encode(report), indent=2).decode()


_COMMANDS: Final[Mapping[Severity, str]] = {
    Severity.ERROR: "error",
    Severity.WARNING: "warning",
    Severity.REMARK: "notice",
}


def github(report: CheckReport) -> str:
    """For GitHub: one workflow command for each finding, which it shows beside the lines of a change.

    See "Workflow commands for GitHub Actions", setting an error, warning or notice message; the escaping is that of
    the `command` module of GitHub's own toolkit.
    """
    return "\n".join(map(_command, report.findings))


def _command(one: Finding) -> str:
    properties: dict[str, object] = {"file": one.file, "line": one.line, "endLine": one.line, "col": one.column}
    if one.text:
        properties["endColumn"] = one.column + len(one.text)
    properties["title"] = f"tocsin check: {one.code}"
    listed = ",".join(f"{name}={_property(str(value))}" for name, value in properties.items())
    return f"::{_COMMANDS[one.severity]} {listed}::{_data(one.said)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json"

_LEVELS: Final[Mapping[Severity, str]] = {
    Severity.ERROR: "error",
    Severity.WARNING: "warning",
    Severity.REMARK: "note",
}
"""Levels of SARIF [3.27.10]."""


def sarif(report: CheckReport) -> str:
    """SARIF 2.1.0 (OASIS), which code hosting and editors read: one run with all findings [3.13, 3.14].

    Sections in brackets, here and below, are of that standard.
    """
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
    """A reportingDescriptor [3.49]."""
    entry = CATALOGUE[code]
    return {
        "id": code.value,
        "shortDescription": {"text": entry.meaning},
        "help": {"text": entry.remedy},
        "defaultConfiguration": {"level": _LEVELS[code.severity]},
    }


def _result(one: Finding, index: int) -> dict[str, Any]:
    """A result [3.27]."""
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
