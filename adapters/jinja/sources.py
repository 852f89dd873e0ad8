"""A snapshot of template folders. It holds no file from outside them, and does not change while it is in use.

A template `external/opened` is one file for each language and part: `external/opened.fr.txt.j2` and
`external/opened.fr.html.j2`. A file whose name begins with `_` is a piece that others extend, include or import.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from msgspec import Struct

from adapters.files.opening import leads_out, outside, read_bounded
from adapters.files.remembered import Remembered
from adapters.shipped import TEMPLATES
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
    """The texts of all files, by their paths below their folder.

    `unreadable` says what is wrong with files that can't be used. `digest` is over all texts. `below` are the paths
    that come from a lower folder; `replaced` are those for which a folder above has a file of its own. `folders` says
    in which folder each file lies, `searched` all folders in their order, also those in which there is none.
    """

    texts: Mapping[str, str]
    unreadable: Mapping[str, str]
    digest: str
    folders: Mapping[str, Path] = {}
    below: frozenset[str] = frozenset()
    replaced: frozenset[str] = frozenset()
    searched: tuple[Path, ...] = ()

    def place(self, path: str) -> Path:
        """Where the file of this path lies, or where it would have to lie: in the first folder."""
        first = next((self.folders[one] for one in self.folders if one not in self.below), Path("templates"))
        return self.folders.get(path, first) / path

    @property
    def shipped_alone(self) -> TemplateSources | None:
        """The files of lower folders alone; None where they depend on those above."""
        # A file that was replaced may be one that the others extend, include or import.
        if not self.below or self.replaced:
            return None
        texts = {path: text for path, text in self.texts.items() if path in self.below}
        return TemplateSources(texts, {}, _digest(texts), self.folders)


def read_sources(*folders: Path) -> TemplateSources:
    """Read every `.j2` file below the folders. Where several have a file of one path, the first folder's counts.

    Raises OSError where a folder itself can't be read, or is a link that leads out of its parent folder.
    """
    texts: dict[str, str] = {}
    unreadable: dict[str, str] = {}
    places: dict[str, Path] = {}
    below: set[str] = set()
    replaced: set[str] = set()
    for number, folder in enumerate(folders):
        found, refused = _shipped()[:2] if folder == TEMPLATES else _read_folder(folder)
        for path in (*found, *refused):
            if path in places:
                replaced.add(path)
                continue
            places[path] = folder
            if number:
                below.add(path)
            if path in found:
                texts[path] = found[path]
            else:
                unreadable[path] = refused[path]
    return TemplateSources(texts, unreadable, _digest(texts), places, frozenset(below), frozenset(replaced), folders)


def _read_folder(folder: Path) -> tuple[dict[str, str], dict[str, str]]:
    """The texts of the usable files, and what is wrong with the others."""
    root = folder.resolve(strict=True)
    if folder.is_symlink() and leads_out(folder, folder.parent):
        raise outside(folder.parent, folder)
    texts: dict[str, str] = {}
    unreadable: dict[str, str] = {}
    for file in template_files(root):
        path = file.relative_to(root).as_posix()
        if len(texts) == MAX_FILES:
            unreadable[path] = f"there are more than {MAX_FILES} templates"
            break
        try:
            texts[path] = _read(file, root)
        except OSError as error:
            unreadable[path] = f"the template can't be read: {error.strerror}"
        except ValueError as error:
            unreadable[path] = str(error)
    return texts, unreadable


def _read_shipped() -> tuple[dict[str, str], dict[str, str], str]:
    texts, unreadable = _read_folder(TEMPLATES)
    return texts, unreadable, _digest(texts)


_shipped: Final = Remembered(lambda: template_files(TEMPLATES), _read_shipped)


def shipped_digest() -> str:
    """The digest over the texts of all templates that come with the product."""
    return _shipped()[2]


def template_files(folder: Path) -> Iterator[Path]:
    """The template files of a folder, sorted. Hidden ones are left out: mounted configuration has every file twice."""
    found: list[str] = []
    for parent, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        # A folder with the name of a template is listed too, so that its author hears that it is none.
        names = [name for name in (*folders, *files) if name.endswith(ENDING) and not name.startswith(".")]
        found += [f"{parent}/{name}" for name in names]
    # In the order of their parts, as that of paths is.
    yield from map(Path, sorted(found, key=lambda one: one.split("/")))


def file_of(path: str) -> TemplateFile | None:
    """The template to which a file belongs; None for a piece, and for a name that no template can have."""
    match = _FILE.fullmatch(path)
    return TemplateFile(match["template"], match["language"], Part(match["part"])) if match else None


def is_piece(path: str) -> bool:
    """Whether a file is only there for others to extend, include or import."""
    return path.rpartition("/")[2].startswith("_")


def _read(file: Path, root: Path) -> str:
    # A link may lead to another place in the folder, as in mounted configuration, but not out of it.
    content = read_bounded(file, MAX_FILE_BYTES, root)
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"the file is not UTF-8: see byte {error.start}") from None


def _digest(texts: Mapping[str, str]) -> str:
    # With the lengths of path and text, no two snapshots give the same bytes.
    found = hashlib.sha256()
    for path, text in sorted(texts.items()):
        found.update(f"{len(path)}:{path}{len(text)}:{text}".encode())
    return found.hexdigest()
