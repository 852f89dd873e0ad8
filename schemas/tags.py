"""The groups of a person, and the tags of a customer or a contract: lists of short texts, for conditions of rules."""

from __future__ import annotations

from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from schemas.refusal import Refusal
from schemas.written import written

MAX_TAGS: Final = 100
MAX_TAG_LENGTH: Final = 80

MAX_COLUMN: Final = 65_536
"""Characters of the longest text that is read as a list."""

BAD_TAGS: Final = "bad_tags"
"""The class of a fault in such a list, or in a text of it."""

_Text = Annotated[str, Meta(min_length=1, max_length=MAX_TAG_LENGTH)]
_Written = Annotated[list[_Text], Meta(max_length=MAX_TAGS)] | None

Groups = Annotated[
    Any,
    Meta(
        description="Names of groups of the platform's, for conditions of rules: `on-call`; not mentioned: none.",
        extra=written(_Written),
    ),
]
Tags = Annotated[
    Any,
    Meta(
        description="Tags of the platform's, for conditions of rules: `key-account`; not mentioned: none.",
        extra=written(_Written),
    ),
]


def read_tags(field: str, given: object) -> tuple[tuple[str, ...], list[Refusal]]:
    """The texts of such a field, and refusals for what can't be used. Only that is lost, never the record.

    Before conditions could ask for it, a platform may have had a field of this name in another form. A text that holds
    a list in JSON is read as that list, since databases write lists into a column so.
    """
    if given is None:
        return (), []
    if isinstance(given, str):
        given = _in_json(given)
    if not isinstance(given, list):
        return (), [Refusal(field, "this is no list of texts; until it is mended, it counts as empty")]
    refusals = [
        Refusal(f"{field}[{position}]", reason)
        for position, one in enumerate(given[:MAX_TAGS])
        if (reason := _fault(one)) is not None
    ]
    if len(given) > MAX_TAGS:
        refusals.append(Refusal(field, f"there are more than {MAX_TAGS}: the others are left out"))
    return tuple([one for one in given[:MAX_TAGS] if _fault(one) is None]), refusals


def _in_json(text: str) -> object:
    try:
        return msgspec.json.decode(text) if len(text) <= MAX_COLUMN else None
    except (msgspec.DecodeError, RecursionError):
        return None


def _fault(one: object) -> str | None:
    if not isinstance(one, str) or not one:
        return "this is no text"
    return f"longer than {MAX_TAG_LENGTH} characters" if len(one) > MAX_TAG_LENGTH else None
