"""Folders of directory files for tests, and what became of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from adapters.files.directory_folder import LoadedDirectory, load_directory
from schemas.vocabulary import ObjectKind

SITE = {"kind": "site", "id": "S-1", "name": "Paris"}
CO_1 = {
    "kind": "collaborator",
    "id": "co-1",
    "modes": [{"channel": "email", "address": "li@desk.example", "active": True}],
}


def jsonl(*records: dict[str, Any]) -> str:
    return "".join(json.dumps(record) + "\n" for record in records)


def load(folder: Path, files: Mapping[str, str | bytes]) -> LoadedDirectory:
    """Load a folder that holds these files."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return load_directory(folder)


def told(loaded: LoadedDirectory) -> list[str]:
    return [problem.shown() for problem in loaded.problems]


def site_names(loaded: LoadedDirectory, *ids: str) -> list[str | None]:
    sites = [loaded.directory.attached(ObjectKind.SITE, one) for one in ids]
    return [None if site is None else site.name for site in sites]
