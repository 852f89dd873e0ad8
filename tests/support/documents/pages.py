"""Pages in Markdown, and what they show in fenced blocks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

FENCE = "```"


def blocks(page: Path, *languages: str) -> list[str]:
    """The contents of a page's fenced blocks of these languages; "" is the one of a block that names none."""
    return [text for language, text in _blocks(page.read_text().splitlines(keepends=True)) if language in languages]


def prose(page: Path) -> str:
    """A page without its fenced blocks, on one line."""
    lines = page.read_text().splitlines()
    inside = False
    kept = []
    for line in lines:
        if line.startswith(FENCE):
            inside = not inside
        elif not inside:
            kept.append(line)
    return " ".join(kept)


def _blocks(lines: list[str]) -> Iterator[tuple[str, str]]:
    language: str | None = None
    block: list[str] = []
    for line in lines:
        if not line.startswith(FENCE):
            block.append(line)
        elif language is None:
            language, block = line.removeprefix(FENCE).strip(), []
        else:
            yield language, "".join(block)
            language = None
