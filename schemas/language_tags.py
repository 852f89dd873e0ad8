"""Language tags (RFC 5646): those of one person, of a rule, of a message, and whether a tag is one that exists."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any, Final

from babel import Locale
from msgspec import Meta

from schemas.reading import END
from schemas.refusal import Refusal
from schemas.tags import read_tags
from schemas.written import Word, written

MOST_LANGUAGES: Final = 4
"""Languages of one message."""

LANGUAGE_TAG: Final = f"^[A-Za-z]{{2,3}}(?:[-_][A-Za-z0-9]{{1,8}})*{END}"
"""The form of a language tag (RFC 5646, section 2.1, without tags of a single letter). `_` counts as `-`."""

BAD_LANGUAGES: Final = "bad_languages"
"""The class of a fault in a person's or customer's list of languages, or in a text of it."""

WrittenTag = Annotated[str, Meta(examples=["fr", "pt-BR"], extra_json_schema={"pattern": LANGUAGE_TAG})]
"""A tag whose form editors check, and a reader only where it says what else to write."""

Language = Annotated[
    str | None,
    Meta(
        description="A language tag as in RFC 5646, such as `fr` or `pt-BR`.",
        extra=written(WrittenTag | None, Word.LANGUAGE),
    ),
]
Languages = Annotated[
    Any,
    Meta(
        description=f"Several of them, at most {MOST_LANGUAGES}: one message is written in all, the first one first.",
        examples=[["fr", "en"]],
        extra=written(
            Annotated[list[WrittenTag], Meta(extra_json_schema={"maxItems": MOST_LANGUAGES})] | None, Word.LANGUAGE
        ),
    ),
]

_TAG: Final = re.compile(LANGUAGE_TAG)


def read_languages(field: str, given: object) -> tuple[tuple[str, ...], list[Refusal]]:
    """The texts of such a list, and refusals for what can't be used. Only that is lost, never the record."""
    tags, refusals = read_tags(field, given)
    if len(tags) > MOST_LANGUAGES:
        refusals = [*refusals, Refusal(field, f"there are more than {MOST_LANGUAGES}: the others are left out")]
    return tags[:MOST_LANGUAGES], refusals


def is_language(tag: str) -> bool:
    """Whether the tag has the form of one, and there is such a language, in whatever region."""
    return bool(_TAG.match(tag)) and re.split("[-_]", tag)[0].lower() in Locale("en").languages


def language_meant(text: str) -> str:
    """What to write in the place of a text that is no language: its tag, where the text is the name of one."""
    meant = _languages_by_name().get(text.strip().casefold())
    return f"did you mean `{meant}`?" if meant else "write one such as `fr` or `pt-BR` (RFC 5646)"


@cache
def _languages_by_name() -> Mapping[str, str]:
    names = {
        name.casefold(): tag for ours in ("en", "fr", "de", "es", "it") for tag, name in Locale(ours).languages.items()
    }
    own = {Locale.parse(tag).get_language_name() or "": tag for tag in ("en", "fr", "de", "es", "it", "nl", "pt", "sv")}
    return names | {name.casefold(): tag for name, tag in own.items()}
