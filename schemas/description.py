"""Whether a description says anything. Blanks alone do not, nor does markup without text."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import Final

INVISIBLE: Final = (
    # White space (Unicode's property White_Space) and control characters.
    "\x00-\x20\x7f-\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
    # These show nothing either: the property Default_Ignorable_Code_Point, and the empty cell of Braille.
    "\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
"""Characters that show nothing to a reader, as a class of a regular expression."""

_VISIBLE: Final = re.compile(f"[^{INVISIBLE}]")

# A tag holds no `<`. So each scan ends at the next one, and all of them take time in proportion to the text.
_TAG: Final = re.compile(r"<(/?)([a-z][a-z0-9]*(?::[a-z][a-z0-9]*)?)(?:[\s/][^<>]*)?>", re.IGNORECASE)
_DECLARATION: Final = re.compile(r"<[!?][a-z\[/][^<>]*>", re.IGNORECASE)
_HIDDEN: Final = ("script", "style", "template", "title")
"""Elements whose content a reader does not see."""
_ENDS: Final = {name: re.compile(rf"</{name}\s*>", re.IGNORECASE) for name in _HIDDEN}

_ELEMENT: Final = re.compile(
    "a|abbr|acronym|address|area|article|aside|audio|b|base|basefont|bdi|bdo|big|blockquote|body|br|button|canvas|caption|"
    "center|cite|code|col|colgroup|data|datalist|dd|del|details|dfn|dialog|dir|div|dl|dt|em|embed|fieldset|figcaption|"
    "figure|font|footer|form|frame|frameset|h[1-6]|head|header|hgroup|hr|html|i|iframe|img|input|ins|kbd|label|legend|li|"
    "link|main|map|mark|menu|meta|meter|nav|noframes|noscript|object|ol|optgroup|option|output|p|param|picture|pre|"
    "progress|q|rp|rt|ruby|s|samp|script|search|section|select|slot|small|source|span|strike|strong|style|sub|summary|"
    "sup|svg|table|tbody|td|template|textarea|tfoot|th|thead|time|title|tr|track|tt|u|ul|var|video|wbr"
    "|[a-z]+:[a-z][a-z0-9]*"  # as word processors write them: o:p
)
"""Elements of HTML, older editions included. `<invoice-7.pdf>` is no element, but a text that somebody wrote."""


def is_described(description: str | None) -> bool:
    """Whether a reader would see a text. Blanks alone are no text, and HTML without text is none either.

    The description may be HTML or not. What is not surely markup counts as text. It takes time in proportion to length.
    """
    if not description:
        return False
    if "<" not in description and "&" not in description:
        return _VISIBLE.search(description) is not None
    return any(map(_is_visible, _texts(description)))


def _is_visible(text: str) -> bool:
    try:
        return _VISIBLE.search(html.unescape(text)) is not None
    except ValueError:  # a character reference with thousands of digits, which Python refuses to read as a number
        return True


def _texts(markup: str) -> Iterator[str]:
    """What stands between tags, comments and what is hidden."""
    reader = _Markup(markup)
    position = 0
    while (start := markup.find("<", position)) >= 0:
        yield markup[position:start]
        end = reader.end_of(start)
        # It is a character of the text, and readers see it.
        if end is None:
            yield "<"
        position = start + 1 if end is None else end
    yield markup[position:]


class _Markup:
    """Finds where markup ends. A missing end is searched only once, so many beginnings without one cost no more."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._nowhere: set[str] = set()

    def end_of(self, start: int) -> int | None:
        """Where the markup ends that begins at this `<`; None where the `<` is a character of the text."""
        if self._text.startswith("<!--", start):
            # From the dashes on, since HTML takes `<!-->` for a whole comment.
            return self._behind("-->", re.compile("-->"), start + 2)
        tag = _TAG.match(self._text, start)
        if tag is None:
            declaration = _DECLARATION.match(self._text, start)
            return None if declaration is None else declaration.end()
        name = tag[2].lower()
        if not _ELEMENT.fullmatch(name):
            return None
        # If a hidden element has no end, what follows counts as text.
        if name in _HIDDEN and not tag[1]:
            return self._behind(name, _ENDS[name], tag.end()) or tag.end()
        return tag.end()

    def _behind(self, name: str, end: re.Pattern[str], start: int) -> int | None:
        if name in self._nowhere:
            return None
        found = end.search(self._text, start)
        if found is None:
            self._nowhere.add(name)
            return None
        return found.end()
