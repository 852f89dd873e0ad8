"""A helpdesk in files, as the command line reads it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.support.helpdesk.events import Helpdesk, envelope


def write_directory(folder: Path, desk: Helpdesk) -> Path:
    """The helpdesk's records as one JSONL file in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = [json.dumps(record) for record in desk.records.values()]
    (folder / "records.jsonl").write_text("\n".join(lines) + "\n")
    return folder


def write_events(file: Path, events: list[dict[str, Any]]) -> Path:
    """Events as JSONL."""
    file.write_text("".join(json.dumps(event) + "\n" for event in events))
    return file


def created(number: int, **ticket: Any) -> dict[str, Any]:
    """The creation of a ticket of its own, a minute ago."""
    time = (datetime.now(UTC) - timedelta(minutes=1)).isoformat()
    wanted = {"id": f"T-{number}", "reference": f"2026-{number}", **ticket}
    return envelope(wanted, {"previous": None}, id=f"E-{number}", time=time)
