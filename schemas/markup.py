"""Tells markup from text, in what may be HTML or not. It takes time in proportion to the length."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

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


def pieces(markup: str) -> Iterator[tuple[str, str]]:
    """The text before each tag, with the tag's name in lower case: `p`, `/p`; at the end, a text without a tag.

    What is not surely markup is text. Of comments and hidden elements there is no text, and their name is empty.
    """
    reader = _Markup(markup)
    position = 0
    while (start := markup.find("<", position)) >= 0:
        end, name = reader.end_of(start)
        # Without an end it is a character of the text, and readers see it.
        yield markup[position : start + 1] if end is None else markup[position:start], name
        position = start + 1 if end is None else end
    yield markup[position:], ""


class _Markup:
    """Finds where markup ends. A missing end is searched only once, so many beginnings without one cost no more."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._nowhere: set[str] = set()

    def end_of(self, start: int) -> tuple[int | None, str]:
        """Where the markup ends that begins at this `<`, and the tag's name.

        None where the `<` is a character of the text.
        """
        if self._text.startswith("<!--", start):
            # From the dashes on, since HTML takes `<!-->` for a whole comment.
            return self._behind("-->", re.compile("-->"), start + 2), ""
        tag = _TAG.match(self._text, start)
        if tag is None:
            declaration = _DECLARATION.match(self._text, start)
            return (None if declaration is None else declaration.end()), ""
        name = tag[2].lower()
        if not _ELEMENT.fullmatch(name):
            return None, ""
        # If a hidden element has no end, what follows counts as text.
        if name in _HIDDEN and not tag[1]:
            return self._behind(name, _ENDS[name], tag.end()) or tag.end(), ""
        return tag.end(), tag[1] + name

    def _behind(self, name: str, end: re.Pattern[str], start: int) -> int | None:
        if name in self._nowhere:
            return None
        found = end.search(self._text, start)
        if found is None:
            self._nowhere.add(name)
            return None
        return found.end()
