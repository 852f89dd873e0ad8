"""How the running service is, in a file that people and probes can read."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec
import structlog
from msgspec import Struct
from msgspec.structs import replace

log = structlog.get_logger()

MOST_FAULTS: Final = 1_000
"""Of the directory's files, so many are named."""


class Health(Struct, frozen=True):
    """`rulebook` is the digest of the rules in force; `faults` what is wrong with the rule files as they are now.

    `reloads` counts the changes of those files by what became of them. `kept_since` is when the rules in force were
    kept, where the files were refused at the start; null where the rules are those of the files. `directory_faults`
    names the files of the directory that can't be read now.
    """

    since: datetime
    rulebook: str
    rule_refusals: int
    faults: list[str]
    reloads: dict[str, int] = {}
    kept_since: datetime | None = None
    directory_faults: Sequence[str] = ()


class HealthFile:
    """Writes `health.json` into a folder, whole or not at all; makes the folder where there is none.

    Alerts must not stop for it: where it can't be written, as on a disk that is full or read-only, the log says so.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / "health.json"
        self._health: Health | None = None
        self._directory_faults: Sequence[str] = ()

    def write(self, health: Health) -> None:
        """Say how the rules stand. Raises nothing for a file that can't be written."""
        self._health = health
        self._replace()

    def write_directory(self, faults: Sequence[str]) -> None:
        """Say besides which files of the directory can't be read, once it is said how the rules stand."""
        self._directory_faults = [*faults[:MOST_FAULTS]]
        self._replace()

    def _replace(self) -> None:
        if self._health is None:
            return
        health = replace(self._health, directory_faults=self._directory_faults)
        fresh = self._path.with_suffix(".new")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            fresh.write_bytes(msgspec.json.format(msgspec.json.encode(health), indent=2) + b"\n")
            fresh.replace(self._path)
        except OSError as error:
            log.warning("health_not_written", error=type(error).__name__, said=str(error))
            # What can't be written can't always be removed.
            with suppress(OSError):
                fresh.unlink(missing_ok=True)
