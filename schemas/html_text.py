"""The text of a description in HTML, as its reader would see it: for messages, which escape what they are given."""

from __future__ import annotations

import html
import re
from typing import Final

from schemas.markup import pieces

_BLOCKS: Final = re.compile(
    "address|article|aside|blockquote|body|caption|center|dd|details|dialog|div|dl|dt|fieldset|figcaption|figure|footer|"
    "form|h[1-6]|head|header|hr|html|legend|li|main|menu|nav|ol|p|pre|section|summary|table|tbody|tfoot|thead|tr|ul"
)
"""Elements that begin and end a line."""
_PARAGRAPHS: Final = re.compile("blockquote|dl|h[1-6]|hr|ol|p|pre|table|ul")
"""Elements with an empty line around them."""
_CELLS: Final = frozenset(("/td", "/th"))
_BLANKS: Final = re.compile(r"[ \t\n\r\f]+")
_AROUND_LINES: Final = re.compile(r" *\n *")
_MANY_LINES: Final = re.compile(r"\n{3,}")


def text_of_html(markup: str) -> str:
    """The text of HTML, with its lines and paragraphs; empty where a reader would see none.

    It says as much as `schemas.description.is_described` reads, and takes time in proportion to the length.
    """
    parts: list[str] = []
    is_preformatted = False
    for text, tag in pieces(markup):
        parts.append(_shown(text, is_preformatted))
        name = tag.removeprefix("/")
        if name == "pre":
            is_preformatted = tag == name
        parts.append(_break(tag, name))
    lines = _AROUND_LINES.sub("\n", re.sub(r" {2,}", " ", "".join(parts)))
    return _MANY_LINES.sub("\n\n", lines).strip()


def _shown(text: str, is_preformatted: bool) -> str:
    plain = text if is_preformatted else _BLANKS.sub(" ", text)
    try:
        return html.unescape(plain)
    except ValueError:  # a character reference with thousands of digits, which Python refuses to read as a number
        return plain


def _break(tag: str, name: str) -> str:
    if _PARAGRAPHS.fullmatch(name):
        return "\n\n"
    if tag == "li":
        return "\n- "
    if name == "br" or _BLOCKS.fullmatch(name):
        return "\n"
    return " " if tag in _CELLS else ""
