"""How the running service is, in a file that people and probes can read."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import msgspec
from msgspec import Struct


class Health(Struct, frozen=True):
    """`rulebook` is the digest of the rules in force; `faults` what is wrong with the rule files as they are now.

    `reloads` counts the changes of those files by what became of them. `kept_since` is when the rules in force were
    kept, where the files were refused at the start; null where the rules are those of the files.
    """

    since: datetime
    rulebook: str
    rule_refusals: int
    faults: list[str]
    reloads: dict[str, int] = {}
    kept_since: datetime | None = None


class HealthFile:
    """Writes `health.json` into a folder, whole or not at all."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "health.json"

    def write(self, health: Health) -> None:
        """Replace the file. A disk that is full must not stop the alerts, so this never raises for it."""
        fresh = self._path.with_suffix(".new")
        try:
            fresh.write_bytes(msgspec.json.format(msgspec.json.encode(health), indent=2) + b"\n")
            fresh.replace(self._path)
        except OSError:
            fresh.unlink(missing_ok=True)
