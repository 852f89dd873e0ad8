"""Texts that came with an event, so that in a chat they call nobody and hide no link.

`@channel`, `<!here>`, `<@U123>` or `<at>` would call everybody in a room, and `<https://evil.example|the portal>` or
`[the portal](https://evil.example)` would show a link as something else. What an author wrote in a template stays.
"""

from __future__ import annotations

import re
from typing import Any, Final, TypeVar

from msgspec import Struct
from msgspec.structs import replace

S = TypeVar("S", bound=Struct)

UNSEEN: Final = "\u200b"
"""ZERO WIDTH SPACE: behind a sign that acts, it keeps services from reading the sign, and readers see no change."""

# Discord reads these within a word too. Any other call begins a word, which what stands behind a letter does not.
_EVERYBODY: Final = "everyone|here"
_ACTS: Final = re.compile(
    r"(?P<link>https?://\S+)"
    rf"|(?P<address>(?<![\w.%+-])[A-Za-z0-9._%+-]*[A-Za-z0-9]@(?!{_EVERYBODY})[\w-]+(?:\.[\w-]+)+)"
    r"|(?P<at>[@\uff20\ufe6b])(?!\s)"
    r"|(?P<less><)(?!\s)"
    r"|(?P<bracket>\])(?=[(\[:]|\Z)",
    re.IGNORECASE,
)
_IN_LINKS: Final = str.maketrans({"@": "%40", "\uff20": "%40", "\ufe6b": "%40", "<": "%3C", ">": "%3E", "|": "%7C"})
_BRACKET_IN_LINK: Final = re.compile(r"\](?=[(\[:]|\Z)")
_LESS: Final = "\u2039"
"""Looks like <, behind which Slack and others read who is called."""


def neutral(context: S) -> S:
    """The same context with texts that act on nothing. Addresses of e-mail stay as they are, and links lead on."""
    return replace(context, **{name: _of_value(getattr(context, name)) for name in context.__struct_fields__})


def neutral_text(text: str) -> str:
    """One text of a context."""
    return _ACTS.sub(_without_effect, text)


def _of_value(value: Any) -> Any:
    if isinstance(value, str):
        # A word of ours, such as a trigger, is no text.
        return neutral_text(value) if type(value) is str else value
    if isinstance(value, Struct):
        return neutral(value)
    return {key: _of_value(one) for key, one in value.items()} if isinstance(value, dict) else value


def _without_effect(found: re.Match[str]) -> str:
    match found.lastgroup:
        case "link":
            return _BRACKET_IN_LINK.sub("%5D", found[0].translate(_IN_LINKS))
        case "address":
            return found[0]
        case "less":
            return _LESS
        case _:
            return found[0] + UNSEEN
