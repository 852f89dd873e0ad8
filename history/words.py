"""Texts as they are searched: no capitals, no accents, word by word."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

MOST_WORDS: Final = 40
"""Words of a ticket that lead to it. Who writes more into a title is found by the first ones."""
LONGEST: Final = 32
"""Letters of a word that count."""

_RUN: Final = re.compile(r"[^\W_]+")


def plain(text: str) -> str:
    """A name without what people leave out: capitals, accents, blanks around and between."""
    return " ".join(_folded(text).split())


def words_of(*texts: str | None) -> list[str]:
    """The words of some texts, each once, in their order: runs of letters and digits."""
    found: dict[str, None] = {}
    for text in texts:
        for word in _RUN.findall(_folded(text or "")):
            found[word[:LONGEST]] = None
    return [*found][:MOST_WORDS]


def _folded(text: str) -> str:
    letters = unicodedata.normalize("NFKD", text)
    bare = "".join(one for one in letters if not unicodedata.combining(one)).casefold()
    # Folding may bring forth a mark of its own, as of the capital I with a dot.
    return "".join(one for one in unicodedata.normalize("NFKD", bare) if not unicodedata.combining(one))
