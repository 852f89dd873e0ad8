"""All words of the console: each key has its text in every language, with the same places for values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from console.words import acts, directory, letters, people, records, screens, shell

LANGUAGES: Final = ("en", "fr")
"""In the order of the texts of each key."""

CATALOGUE: Final[Mapping[str, tuple[str, str]]] = {
    **shell.WORDS,
    **people.WORDS,
    **records.WORDS,
    **screens.WORDS,
    **directory.WORDS,
    **letters.WORDS,
    **acts.WORDS,
}
"""Text by key: English, French."""


class Words:
    """The console in one language."""

    def __init__(self, language: str) -> None:
        self.language = language if language in LANGUAGES else LANGUAGES[0]
        self._place = LANGUAGES.index(self.language)

    def __call__(self, key: str, /, **values: object) -> str:
        """The text of this key with these values in it. Raises KeyError where there is none."""
        text = CATALOGUE[key][self._place]
        return text.format(**values) if values else text

    def count(self, key: str, number: int) -> str:
        """The text `KEY.one` or `KEY.other` with `{n}` in it, as the language counts (CLDR: French has 0 as one)."""
        is_one = number == 1 or (number == 0 and self.language == "fr")
        return self(f"{key}.{'one' if is_one else 'other'}", n=self.number(number))

    def number(self, number: int) -> str:
        """With the language's separator of thousands, which does not break."""
        return f"{number:,}".replace(",", "\u202f" if self.language == "fr" else ",")

    def has(self, key: str) -> bool:
        """Whether there is a text of this key."""
        return key in CATALOGUE
