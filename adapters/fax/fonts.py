"""The fonts of faxes. They come in a package (SIL Open Font License), so that pages look alike on every machine."""

from __future__ import annotations

import os
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
    """The font files, in a folder that is somebody else's to remove."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._letters: dict[str, frozenset[int]] = {}
        for family in FAMILIES:
            content = pymupdf_fonts.myfont(family)
            whole = self._file(family)
            part = whole.with_suffix(f".{os.getpid()}")
            part.write_bytes(content)
            part.replace(whole)
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
