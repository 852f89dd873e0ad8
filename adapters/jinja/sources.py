"""The templates folder as it was at one moment: nothing outside it, and nothing that changes while it is in use.

A template `external/opened` is one file for each language and part: `external/opened.fr.txt.j2` and
`external/opened.fr.html.j2`. A file whose name begins with `_` is a piece that others extend, include or import.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from msgspec import Struct

from adapters.files.opening import leads_out, outside, read_bounded
from sender.ports import Part

MAX_FILE_BYTES: Final = 65_536
MAX_FILES: Final = 2_000
ENDING: Final = ".j2"

_FILE: Final = re.compile(
    r"(?P<template>(?:[A-Za-z0-9][A-Za-z0-9_-]*/)*[A-Za-z0-9][A-Za-z0-9_-]*)"
    r"\.(?P<language>[A-Za-z0-9-]{2,35})\.(?P<part>txt|html)\.j2"
)


class TemplateFile(Struct, frozen=True, order=True):
    """What a file's path says: which template, in which language, for which part of a message."""

    template: str
    language: str
    part: Part

    @property
    def path(self) -> str:
        """The file's path below the templates folder."""
        return f"{self.template}.{self.language}.{self.part}{ENDING}"


class TemplateSources(Struct, frozen=True):
    """All files by their path below the folder.

    `unreadable` says what is wrong with those that can't be used; `digest` is of all texts.
    """

    texts: Mapping[str, str]
    unreadable: Mapping[str, str]
    digest: str


def read_sources(folder: Path) -> TemplateSources:
    """Read every `.j2` file below the folder.

    Raises OSError where the folder itself can't be read, or is a link that leads out of the one that it lies in.
    """
    root = folder.resolve(strict=True)
    if folder.is_symlink() and leads_out(folder, folder.parent):
        raise outside(folder.parent, folder)
    texts: dict[str, str] = {}
    unreadable: dict[str, str] = {}
    for file in sorted(root.rglob("*" + ENDING)):
        path = file.relative_to(root).as_posix()
        if any(part.startswith(".") for part in path.split("/")):
            continue
        if len(texts) == MAX_FILES:
            unreadable[path] = f"there are more than {MAX_FILES} templates"
            break
        try:
            texts[path] = _read(file, root)
        except OSError as error:
            unreadable[path] = f"the template can't be read: {error.strerror}"
        except ValueError as error:
            unreadable[path] = str(error)
    return TemplateSources(texts, unreadable, _digest(texts))


def file_of(path: str) -> TemplateFile | None:
    """The template to which a file belongs; None for a piece, or a name that is no template's."""
    match = _FILE.fullmatch(path)
    return TemplateFile(match["template"], match["language"], Part(match["part"])) if match else None


def is_piece(path: str) -> bool:
    """Whether a file is only there for others to extend, include or import."""
    return path.rpartition("/")[2].startswith("_")


def _read(file: Path, root: Path) -> str:
    # A link may lead to another place of the folder (as mounted configuration does), but not out of it.
    content = read_bounded(file, MAX_FILE_BYTES, root)
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"the file is not UTF-8: see byte {error.start}") from None


def _digest(texts: Mapping[str, str]) -> str:
    found = hashlib.sha256()
    for path, text in sorted(texts.items()):
        found.update(f"{len(path)}:{path}{len(text)}:{text}".encode())
    return found.hexdigest()
