"""How the running service is doing, in a file for probes and for whoever may read the files of its user."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec
import structlog
from msgspec import Struct
from msgspec.structs import replace

from adapters.files.private_files import private_folder, write_private
from tocsin.services.reload.rules_in_force import ReloadingRules, ReloadOutcome

log = structlog.get_logger()

MOST_FAULTS: Final = 1_000
"""Files of the directory that are named."""


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


def health_of(rules: ReloadingRules, now: datetime) -> Health:
    """How the rules stand."""
    reloads = {outcome.value: rules.reloads[outcome] for outcome in ReloadOutcome}
    return Health(now, rules.loaded.rulebook.digest, rules.refusals, rules.named_faults, reloads, rules.kept_since)


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
        """Say which files of the directory can't be read; written once `write` has said how the rules stand."""
        self._directory_faults = [*faults[:MOST_FAULTS]]
        self._replace()

    def _replace(self) -> None:
        if self._health is None:
            return
        health = replace(self._health, directory_faults=self._directory_faults)
        try:
            # Faults quote lines of rule files, so nobody but the process's user may read them.
            private_folder(self._path.parent)
            write_private(self._path, msgspec.json.format(msgspec.json.encode(health), indent=2) + b"\n")
        except OSError as error:
            log.warning("health_not_written", error=type(error).__name__, said=str(error))
