"""A folder to start from: a rule file with one rule, its tests, and a small directory."""

from __future__ import annotations

import shutil
from importlib.resources import files
from pathlib import Path
from typing import Final

from schemas.errors import UnusableError
from tocsin.demo.schema_lines import bring_schema

STARTER: Final = Path(str(files("tocsin") / "demo" / "starter"))


class FolderHoldsFilesError(UnusableError, RuntimeError):
    """The folder holds something already: nothing in it is touched."""


def make_starter(folder: Path) -> list[Path]:
    """Make the folder, with the schemas that its files name; gives the files that people edit.

    Raises FolderHoldsFilesError where there is anything in it, and OSError.
    """
    if folder.is_symlink() or (folder.exists() and (not folder.is_dir() or any(folder.iterdir()))):
        raise FolderHoldsFilesError(f"{folder} is there already and is no empty folder: name a new one")
    made = [folder / file.relative_to(STARTER) for file in sorted(STARTER.rglob("*.yaml"))]
    for file in made:
        file.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(STARTER / file.relative_to(folder), file)
        bring_schema(file, folder)
    return made
