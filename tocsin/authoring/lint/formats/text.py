"""For people."""

from __future__ import annotations

from collections.abc import Iterator

from adapters.rule_files.faults import marked
from schemas.finding import CheckReport, Finding


def text(report: CheckReport) -> str:
    """Each finding with its place, what to do, and the line that it is about; then how many there are."""
    return "\n".join([*map(_shown, report.findings), *_counted(report)])


def _shown(one: Finding) -> str:
    head = f"{one.file}:{one.line}:{one.column}: {one.severity}: {one.said} [{one.code}]"
    return f"{head}\n{marked(one.source, one.column, len(one.text))}" if one.source.strip() else head


def _counted(report: CheckReport) -> Iterator[str]:
    summary = report.summary
    counts = ((summary.errors, "error"), (summary.warnings, "warning"), (summary.remarks, "remark"))
    said = [f"{count} {word if count == 1 else word + 's'}" for count, word in counts if count]
    yield ", ".join(said) if said else "no problems"
