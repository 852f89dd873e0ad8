"""The fonts of faxes. They come in a package (SIL Open Font License), so that pages look alike on every machine."""

from __future__ import annotations

import atexit
import tempfile
import threading
from collections.abc import Iterable, Mapping
from io import BytesIO
from pathlib import Path
from typing import Final

import pymupdf_fonts
from fontTools.ttLib import TTFont

FAMILIES: Final = ("figo", "notos", "symbol2")
"""FiraGO has most alphabets of Europe and the Middle East, Thai, Devanagari and Georgian; Noto more of Latin and
Cyrillic; Noto Symbols the rest. None has Chinese, Japanese, Korean or emoji."""

NO_LETTER: Final = "\u25a1"
"""The box that stands for a letter that no font has."""


class Fonts:
    """The font files of this process, in a folder that goes when the process ends."""

    def __init__(self) -> None:
        folder = tempfile.TemporaryDirectory(prefix="tocsin-fonts-")
        atexit.register(folder.cleanup)
        self._folder = Path(folder.name)
        self._letters: dict[str, frozenset[int]] = {}
        for family in FAMILIES:
            content = pymupdf_fonts.myfont(family)
            self._file(family).write_bytes(content)
            with TTFont(BytesIO(content)) as font:
                self._letters[family] = frozenset(font.getBestCmap())

    def written(self, *texts: str) -> tuple[list[str], Mapping[str, Path]]:
        """The texts with letters that can be drawn alone, and the fonts that they need, the main one first."""
        known = frozenset({ord("\n")}).union(*self._letters.values())
        shown = ["".join(letter if ord(letter) in known else NO_LETTER for letter in text) for text in texts]
        needed = self._needed(ord(letter) for text in shown for letter in set(text))
        return shown, {family: self._file(family) for family in needed}

    def _needed(self, letters: Iterable[int]) -> list[str]:
        left = frozenset(letters)
        needed = [FAMILIES[0]]
        for family in FAMILIES:
            if family not in needed and left & self._letters[family]:
                needed.append(family)
            left -= self._letters[family]
        return needed

    def _file(self, family: str) -> Path:
        return self._folder / f"{family}.ttf"


_LOCK: Final = threading.Lock()
_FONTS: Final[list[Fonts]] = []


def fonts() -> Fonts:
    """The fonts, written out when they are first asked for."""
    with _LOCK:
        if not _FONTS:
            _FONTS.append(Fonts())
        return _FONTS[0]
