"""Writes style sheets into the elements that they are for, since many mail readers ignore style sheets."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from css_inline import CSSInliner

from adapters.jinja.limits import OUTPUT_BYTES, LimitError

PAIRS: Final = 20_000_000
"""The most pairs of an element and a style that are tried. That many take a second or two."""

_OPENS: Final = re.compile(r"<style\b", re.IGNORECASE)
_CLOSES: Final = re.compile(r"</style", re.IGNORECASE)

# Nothing is fetched: a `<link>` of the template stays as it is. What can't be written into elements (@media) stays too.
_INLINER: Final = CSSInliner(
    inline_style_tags=True,
    keep_style_tags=False,
    keep_link_tags=True,
    keep_at_rules=True,
    load_remote_stylesheets=False,
)


def inlined(html: str) -> str:
    """The page with the styles of its `<style>` blocks in its elements. A page without such a block stays as it is.

    Raises LimitError, and ValueError where a style sheet can't be read.
    """
    # Values are escaped, so a `<style>` can only come from the template itself.
    sheets = list(_sheets(html))
    if not sheets:
        return html
    if html.count("<") * sum(sheet.count("{") for sheet in sheets) > PAIRS:
        raise LimitError("the page has too many elements for this many styles")
    page = _INLINER.inline(html)
    if len(page.encode("utf-8", "replace")) > OUTPUT_BYTES:
        raise LimitError(f"with its styles the page is longer than {OUTPUT_BYTES} bytes")
    return page


def _sheets(html: str) -> Iterator[str]:
    """What stands between `<style` and `</style`. One pass, in time proportional to the page."""
    end = 0
    while (opens := _OPENS.search(html, end)) and (closes := _CLOSES.search(html, opens.end())):
        end = closes.end()
        yield html[opens.end() : closes.start()]
