"""Several HTML pages as one, below each other: for a message in several languages.

Each page keeps its styles and says its language (HTML, `lang`), by which screen readers choose a voice.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from html.parser import HTMLParser
from itertools import accumulate
from typing import Final

from msgspec import Struct

from sender.messages.locales import own_name, tag_of

_FRAME: Final = '<!doctype html>\n<html lang="{}">\n<head>\n<meta charset="utf-8">\n'
"""The beginning of a page for one that has none of its own, up to the end of its head."""

_BAR: Final = (
    "padding:8px 12px;background-color:#ffffff;color:#1f2933;border:1px solid #e4e7eb;text-align:center;"
    "font-family:Helvetica,Arial,sans-serif;font-size:14px;line-height:1.5"
)
_NOT_TAKEN: Final = frozenset({"lang", "xml:lang", "dir", "id"})
"""Attributes of a body that its place in the common page has of its own."""

_Attributes = dict[str, str | None]


class _Outline(Struct, frozen=True):
    """The pieces of a page. Without a body of its own, `head` and `body` are empty, and all of it is content."""

    head: str
    """Up to the end of the head."""
    body: str
    """From there to the body's start tag."""
    content: str
    end: str
    styles: Sequence[str]
    attributes: _Attributes
    """The body's."""
    direction: str


def joined_html(pages: Sequence[tuple[str, str]]) -> str:
    """The pages of these languages (tags) as one, in the frame of the first, with links to each at its beginning."""
    outlines = [_outline(page) for _, page in pages]
    first, *others = outlines
    own = set(first.styles)
    styles = dict.fromkeys(style for one in others for style in one.styles if style not in own)
    head = first.head or _FRAME.format(tag_of(pages[0][0]))
    body = first.body or "</head>\n<body>"
    parts = zip([language for language, _ in pages], outlines, strict=True)
    return "".join(
        (
            head,
            *(f"{style}\n" for style in styles),
            body,
            *_parts([*parts]),
            first.end or "\n</body>\n</html>\n",
        )
    )


def html_of_text(text: str) -> str:
    """A plain text as a piece of HTML that looks the same."""
    lines = "<br>\n".join(escape(line) for line in text.strip("\r\n").splitlines())
    return (
        '<div style="max-width:600px;margin:0 auto;padding:16px 12px;background-color:#ffffff;color:#1f2933;'
        f'font-family:Helvetica,Arial,sans-serif;font-size:16px;line-height:1.5">{lines}</div>'
    )


def _parts(parts: Sequence[tuple[str, _Outline]]) -> Iterator[str]:
    links = (
        f'<a href="#{_id(one)}" hreflang="{tag_of(one)}" style="color:#1d4ed8">{_name(one)}</a>' for one, _ in parts
    )
    yield f'\n<div style="{_BAR}">{" | ".join(links)}</div>'
    for number, (language, page) in enumerate(parts):
        if number:
            yield f'\n<hr>\n<div style="{_BAR}"><b>{_name(language)}</b></div>'
        # The first page's body is that of the whole message.
        attributes = "".join(_written(page.attributes)) if number else ""
        yield f'\n<div id="{_id(language)}" lang="{tag_of(language)}" dir="{page.direction}"{attributes}>'
        yield f"{page.content}</div>"


def _id(language: str) -> str:
    return f"text-{tag_of(language)}"


def _name(language: str) -> str:
    return f'<span lang="{tag_of(language)}">{escape(own_name(language))}</span>'


def _written(attributes: _Attributes) -> Iterator[str]:
    for name, value in attributes.items():
        if name not in _NOT_TAKEN:
            yield f" {name}" if value is None else f' {name}="{escape(value)}"'


def _outline(page: str) -> _Outline:
    parser = _Parser(page)
    parser.feed(page)
    parser.close()
    if parser.body is None:
        return _Outline("", "", page, "", parser.styles, {}, parser.direction)
    head = parser.head_end if parser.head_end is not None else parser.body[0]
    start, end = parser.body[1], parser.end if parser.end is not None else len(page)
    body = page[head:start]
    return _Outline(page[:head], body, page[start:end], page[end:], parser.styles, parser.attributes, parser.direction)


class _Parser(HTMLParser):
    """Finds where the pieces of a page begin and end. What a comment holds is none of them."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=False)
        self.head_end: int | None = None
        self.body: tuple[int, int] | None = None
        self.end: int | None = None
        self.styles: list[str] = []
        self.attributes: _Attributes = {}
        self.direction = "ltr"
        self._page = page
        self._style_at: int | None = None
        self._lines = [0, *accumulate(len(line) + 1 for line in page.split("\n"))]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """The page's own tags; the direction is that of the body, else that of the page."""
        if tag in ("html", "body") and (direction := dict(attrs).get("dir")) in ("rtl", "ltr", "auto"):
            self.direction = direction
        if tag == "body" and self.body is None:
            at = self._at()
            self.body = at, at + len(self.get_starttag_text() or "")
            self.attributes = dict(attrs)
        elif tag == "style":
            self._style_at = self._at()

    def handle_endtag(self, tag: str) -> None:
        """The ends of head and body; the last end of a body is the one that counts."""
        if tag == "head" and self.head_end is None:
            self.head_end = self._at()
        elif tag == "body":
            self.end = self._at()
        elif tag == "style" and self._style_at is not None and self.body is None:
            self.styles.append(self._page[self._style_at : self._at()] + "</style>")

    def _at(self) -> int:
        line, column = self.getpos()
        return self._lines[line - 1] + column
