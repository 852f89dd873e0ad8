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
"""How many years of a country are kept. To compute one takes some 100 µs, for a few countries 10 ms."""


@cache
def countries() -> Mapping[str, tuple[str, ...]]:
    """The countries whose holidays are known, by their two letters, each with the codes of its parts."""
    # Imported when the first rule file names a country, since that takes 60 ms.
    import holidays  # noqa: PLC0415

    return {code: tuple(parts) for code, parts in holidays.list_supported_countries().items() if len(code) == 2}  # noqa: PLR2004


def is_known(code: str) -> bool:
    """Whether the holidays of this country (`FR`) or part of one (`DE-BY`) are known."""
    country, dash, part = code.partition("-")
    return part in countries().get(country, ()) if dash else country in countries()


def code_meant(code: str) -> str:
    """What to write in place of an unknown code, in words that follow a colon."""
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
    """The countries by their names in English and French (CLDR), without case."""
    named = (Locale(language).territories.items() for language in ("en", "fr"))
    return {name.casefold(): code for names in named for code, name in names if code in countries()}


@lru_cache(maxsize=REMEMBERED)
def holidays_of(code: str, year: int) -> frozenset[date]:
    """The public holidays of a country, or of a part of one, in a year; none for a year that is not known.

    Where the law gives another day off for a holiday on a weekend, that day is among them.
    """
    import holidays  # noqa: PLC0415

    country, _, part = code.partition("-")
    with warnings.catch_warnings():
        # For a year that it does not know, the library warns and names no day, as is meant here.
        warnings.simplefilter("ignore")
        return frozenset(holidays.country_holidays(country, subdiv=part or None, years=year, expand=False))
