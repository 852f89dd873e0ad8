"""The lines by which editors find the schema of a file, in folders that are made for people."""

from __future__ import annotations

import re
import shutil
from importlib.resources import files
from pathlib import Path
from typing import Final

_SCHEMA: Final = re.compile(r"\A(# yaml-language-server: \$schema=)\S*/(\S+)")


def bring_schema(file: Path, folder: Path) -> None:
    """Put the schema that the file's first line names into the folder, and let the line lead there."""

    def leading_there(line: re.Match[str]) -> str:
        name = line[2]
        shutil.copyfile(str(files("schemas") / "json" / name), folder / name)
        return line[1] + "../" * (len(file.relative_to(folder).parts) - 1) + name

    file.write_text(_SCHEMA.sub(leading_there, file.read_text(encoding="utf-8"), count=1), encoding="utf-8")
