"""What the load itself refuses in a rule file."""

from __future__ import annotations

from collections.abc import Iterator

from schemas.finding import Finding
from tocsin.authoring.lint.subject import Subject, finding


def findings(subject: Subject) -> Iterator[Finding]:
    """Every fault of the file."""
    return map(finding, subject.reading.faults)
