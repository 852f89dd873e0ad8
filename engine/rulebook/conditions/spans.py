"""Where the parts of a condition stand in its text."""

from __future__ import annotations

import re
from typing import Final

from engine.rulebook.conditions.syntax import Leaf, Node, Not, OneOf, leaves
from schemas.problem import Place

_NOT: Final = re.compile(r"not\s*$")
_CLOSING: Final = re.compile(r"\s*[)\]]")


def span_of(node: Node, text: str) -> Place:
    """The place of a part in the condition's text, from its first character to its last."""
    spans = [_leaf_span(leaf, text) for leaf in leaves(node)]
    start = min(span.offset for span in spans)
    end = max(span.offset + span.length for span in spans)
    # The syntax tree has places of fields and values only, so `not` is looked for in the text.
    start = _negation_before(node, text, start)
    return Place(start, end - start)


def written(node: Node, text: str) -> str:
    """A part as its author wrote it, on one line."""
    span = span_of(node, text)
    return " ".join(text[span.offset : span.offset + span.length].split())


def _negation_before(node: Node, text: str, start: int) -> int:
    if not isinstance(node, Not):
        return start
    before = _NOT.search(text[:start].rstrip("( \t\n"))
    return before.start() if before is not None else start


def _leaf_span(leaf: Leaf, text: str) -> Place:
    start = min(place.offset for place in leaf.places)
    end = max(place.offset + place.length for place in leaf.places)
    is_list = re.search(r"\bin\s*[(\[]", text[start:end]) is not None
    closing = _CLOSING.match(text, end) if is_list and isinstance(leaf, OneOf) else None
    return Place(start, (closing.end() if closing else end) - start)
