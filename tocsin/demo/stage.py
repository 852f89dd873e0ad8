"""Makes the folder of a demo run: the helpdesk's files, its saves moved to just before now."""

from __future__ import annotations

import re
import shutil
from datetime import datetime, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Final

from msgspec import Struct

from adapters.files.private_files import private_folder
from schemas.errors import UnusableError
from tocsin.config.data_folder import DATABASE
from tocsin.demo.schema_lines import bring_schema

HELPDESK: Final = Path(str(files("tocsin") / "demo" / "helpdesk"))
MARK: Final = ".tocsin-demo"
"""Says that a folder is the demo's own, so that it may be made anew."""

EXAMPLE: Final = b'"evt-23"'
"""A save that stops people at many gates."""

_TIME: Final = re.compile(rb'"(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z)"')


class FolderNotOursError(UnusableError, RuntimeError):
    """The folder holds something that the demo did not make."""


class Stage(Struct, frozen=True):
    """The folder of a demo run."""

    folder: Path

    @property
    def directory(self) -> Path:
        """The helpdesk's contracts, customers and people."""
        return self.folder / "directory"

    @property
    def rules(self) -> Path:
        """The rule file."""
        return self.folder / "rules.yaml"

    @property
    def events(self) -> Path:
        """The saves."""
        return self.folder / "events.jsonl"

    @property
    def mails(self) -> Path:
        """Where the built-in mailbox puts what came."""
        return self.folder / "mail"

    @property
    def example(self) -> Path:
        """One save in a file of its own, to ask about."""
        return self.folder / "event.json"


def set_stage(folder: Path, now: datetime) -> Stage:
    """Make the folder anew. Raises FolderNotOursError where it holds anything else, and OSError."""
    if folder.exists() and any(folder.iterdir()) and not (folder / MARK).exists():
        raise FolderNotOursError(f"{folder} holds files that are not the demo's: name another folder with --data")
    # By the check above, it is empty or the demo's own.
    shutil.rmtree(folder, ignore_errors=True)
    private_folder(folder)
    (folder / MARK).touch()
    stage = Stage(folder)
    shutil.copytree(HELPDESK / "directory", stage.directory)
    shutil.copyfile(HELPDESK / "rules.yaml", stage.rules)
    for file in (stage.rules, *stage.directory.glob("*.yaml")):
        bring_schema(file, folder)
    lines = moved((HELPDESK / "events.jsonl").read_bytes(), now).splitlines(keepends=True)
    stage.events.write_bytes(b"".join(lines))
    stage.example.write_bytes(next(line for line in lines if EXAMPLE in line))
    return stage


def moved(events: bytes, now: datetime) -> bytes:
    """The events with all their times moved by the same span, so that the last is of just before now.

    Events that are too old would alert nobody (gate `stale`).
    """
    times = [datetime.fromisoformat(found.decode()) for found in _TIME.findall(events)]
    if not times:
        return events
    span = now - timedelta(seconds=30) - max(times)

    def move(match: re.Match[bytes]) -> bytes:
        time = datetime.fromisoformat(match[1].decode()) + span
        return f'"{time:%Y-%m-%dT%H:%M:%SZ}"'.encode()

    return _TIME.sub(move, events)


def database_of(stage: Stage) -> Path:
    """The file of engine and sender."""
    return stage.folder / DATABASE
