"""For programs: `schemas/json/check-report.schema.json`."""

from __future__ import annotations

import msgspec

from schemas.finding import CheckReport


def json(report: CheckReport) -> str:
    """The report as one JSON object."""
    return msgspec.json.format(msgspec.json.encode(report), indent=2).decode()
