"""Languages by their tags (RFC 5646), as Babel knows them: their names, and how dates are written in them."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from babel import Locale, UnknownLocaleError

_TAG: Final = re.compile(r"[A-Za-z0-9]{1,8}(?:-[A-Za-z0-9]{1,8})*")


@lru_cache(maxsize=256)
def locale_of(language: str) -> Locale | None:
    """The locale of a tag; None for one that nobody knows."""
    try:
        return Locale.parse(language.replace("_", "-"), sep="-")
    except (UnknownLocaleError, ValueError, TypeError):
        return None


@lru_cache(maxsize=256)
def own_name(language: str) -> str:
    """What those who speak it call the language, as a heading: `Français`; its tag where nobody knows it."""
    locale = locale_of(language)
    name = None if locale is None else locale.get_display_name()
    return name[0].upper() + name[1:] if name else tag_of(language)


def tag_of(language: str) -> str:
    """The tag as it stands in headers (RFC 3282) and HTML; `und`, undetermined, for what has not the form of one."""
    tag = language.replace("_", "-")
    return tag if _TAG.fullmatch(tag) else "und"
