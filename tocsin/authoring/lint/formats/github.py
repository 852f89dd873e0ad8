"""For GitHub: workflow commands, which it shows beside the lines of a change.

See "Workflow commands for GitHub Actions", setting an error, warning or notice message; the escaping is that of the
`command` module of GitHub's own toolkit.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from schemas.finding import CheckReport, Finding, Severity

_COMMANDS: Final[Mapping[Severity, str]] = {
    Severity.ERROR: "error",
    Severity.WARNING: "warning",
    Severity.REMARK: "notice",
}


def github(report: CheckReport) -> str:
    """One command for each finding."""
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
