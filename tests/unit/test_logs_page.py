"""docs/logs.md names every line that the product writes, with its level, and no other."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "logs.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| `(\w+)` \| ([a-z, ]+) \| [^|]+ \| [^|]+ \|$", re.MULTILINE)
LOGGERS = {"log", "_log", "line"}
LEVELS = {"debug", "info", "warning", "error", "critical", "exception"}


def written_in(source: str) -> Iterator[tuple[str, str]]:
    """The names of lines that this source writes, with their levels; `any` where the level is chosen as it runs."""
    for node in ast.walk(ast.parse(source)):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        if not (isinstance(node.func.value, ast.Name) and node.func.value.id in LOGGERS):
            continue
        if node.func.attr in LEVELS:
            # `exception` writes a line of the level error, with the frames.
            name, level = node.args[0], "error" if node.func.attr == "exception" else node.func.attr
        elif node.func.attr == "log":
            name, level = node.args[1], "any"
        else:
            continue
        assert isinstance(name, ast.Constant), f"line {node.lineno}: the name of a line is a word, so that it is found"
        yield str(name.value), level


def test_the_page_names_every_line_with_its_level() -> None:
    written: dict[str, set[str]] = defaultdict(set)
    for folder in ("tocsin", "adapters", "engine", "sender", "intake", "outcomes", "history", "console"):
        for file in (ROOT / folder).rglob("*.py"):
            for name, level in written_in(file.read_text(encoding="utf-8")):
                written[name].add(level)
    section = PAGE.partition("## All lines")[2].partition("\n## ")[0]
    shown = {name: set(levels.split(", ")) for name, levels in ROW.findall(section)}
    assert shown.keys() == written.keys()
    assert {name for name, levels in written.items() if "any" not in levels and levels != shown[name]} == set()


def test_control_lines_are_found_in_source() -> None:
    source = 'log.info("one", x=1)\n_log.log(level, "two")\nline.warning("three")\nother.info("four")\n'
    assert list(written_in(source)) == [("one", "info"), ("two", "any"), ("three", "warning")]
