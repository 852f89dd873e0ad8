"""Public holidays of countries and their parts (ISO 3166), as the library `holidays` knows them."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from datetime import date
from functools import cache, lru_cache
from typing import Final

from babel import Locale

from schemas.suggestion import closest

REMEMBERED: Final = 1_024
"""Years of a country that are kept: computing one takes some 100 µs, of a few countries 10 ms."""


@cache
def countries() -> Mapping[str, tuple[str, ...]]:
    """The countries whose holidays are known, by their two letters, each with the codes of its parts."""
    # Loaded when the first rule file names a country: it takes 60 ms.
    import holidays  # noqa: PLC0415

    return {code: tuple(parts) for code, parts in holidays.list_supported_countries().items() if len(code) == 2}  # noqa: PLR2004


def is_known(code: str) -> bool:
    """Whether the holidays of this country (`FR`) or part of one (`DE-BY`) are known."""
    country, dash, part = code.partition("-")
    return part in countries().get(country, ()) if dash else country in countries()


def code_meant(code: str) -> str:
    """What to write in the place of a code that is not known: words to put behind a colon."""
    country, dash, part = code.partition("-")
    parts = countries().get(country.upper())
    if parts is None:
        meant = _by_name().get(code.casefold())
        return f"did you mean `{meant}`?" if meant else "write two letters of ISO 3166, such as `FR`, or a date"
    if not dash or part.upper() in parts:
        return f"did you mean `{code.upper()}`?"
    known = [f"{country.upper()}-{one}" for one in parts if one.isascii() and one.isalnum()]
    return closest(code, known) or f"its parts are {', '.join(known)}" if known else f"write `{country.upper()}` alone"


@cache
def _by_name() -> Mapping[str, str]:
    """The countries by their names in English and French, without capitals (CLDR)."""
    named = (Locale(language).territories.items() for language in ("en", "fr"))
    return {name.casefold(): code for names in named for code, name in names if code in countries()}


@lru_cache(maxsize=REMEMBERED)
def holidays_of(code: str, year: int) -> frozenset[date]:
    """The public holidays of a country, or a part of one, in a year; none in a year of which nothing is known.

    Days that stand in for a holiday on a weekend are among them, where the law has them.
    """
    import holidays  # noqa: PLC0415

    country, _, part = code.partition("-")
    with warnings.catch_warnings():
        # Of years beyond those that it knows the library warns, and names no day.
        warnings.simplefilter("ignore")
        return frozenset(holidays.country_holidays(country, subdiv=part or None, years=year, expand=False))
