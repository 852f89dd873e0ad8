"""Did you mean …? Suggestions for a key, a word or a name that somebody wrote and that does not exist."""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

MAX_COMPARED: Final = 200
"""How many characters of a name are compared with others. The time grows with the square of this."""

LONG_ENOUGH: Final = 4
"""From this many characters on, the only name that begins with what was written is surely meant."""


def closest(name: str, names: Iterable[str]) -> str:
    """A suggestion for a name that does not exist: `did you mean …?`, or nothing."""
    close = _closest(name[:MAX_COMPARED], tuple(sorted(names)))
    return f"did you mean `{close}`?" if close else ""


def nearest(name: str, names: Iterable[str]) -> str:
    """The same, in a form that follows a message: `: did you mean …?`, or nothing."""
    suggestion = closest(name, names)
    return f": {suggestion}" if suggestion else ""


def respelled(name: str, names: Iterable[str]) -> str:
    """A suggestion for the id of a record that belongs to somebody: only an id of the same letters and digits.

    `C-711` is near `C-71`, but may be another customer's contract. That would be no help, and nobody may learn of it.
    """
    same = [one for one in names if one != name and _letters(one) == _letters(name)]
    return f"did you mean `{same[0]}`?" if len(same) == 1 else ""


def _letters(name: str) -> str:
    return "".join(one for one in unicodedata.normalize("NFKD", name.casefold()) if one.isalnum())


@lru_cache(maxsize=1024)
def _closest(name: str, names: tuple[str, ...]) -> str | None:
    # Kept, since a million records may have the same slip. Case does not count: it is the most common slip.
    in_small = {one.casefold(): one for one in names}
    begun = [one for one in in_small if len(name) >= LONG_ENOUGH and one.startswith(name.casefold())]
    if len(begun) == 1:
        return in_small[begun[0]]
    close = difflib.get_close_matches(name.casefold(), in_small, n=1, cutoff=0.5)
    return in_small[close[0]] if close else None
