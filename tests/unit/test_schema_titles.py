"""Titles in the published schemas are names that generators of code can give to types."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from schemas.generate import FOLDER

TYPE_NAME = re.compile(r"[A-Z][A-Za-z0-9]*")


def titles(schema: Any, is_schema: bool = True) -> Iterator[str]:
    """The titles of a schema and its parts; a property that is called `title` is none."""
    if isinstance(schema, list):
        for one in schema:
            yield from titles(one)
    elif isinstance(schema, dict):
        for name, one in schema.items():
            if is_schema and name == "title":
                yield one
            elif name not in ("examples", "default", "const", "enum"):
                yield from titles(one, is_schema=name not in ("properties", "$defs", "patternProperties"))


@pytest.mark.parametrize("file", sorted(FOLDER.glob("*.json")), ids=lambda file: str(file.name))
def test_each_is_a_type_name(file: Any) -> None:
    found = [*titles(json.loads(file.read_text()))]
    assert found
    assert [one for one in found if not TYPE_NAME.fullmatch(one)] == []


def test_a_sentence_is_noticed() -> None:
    schema = {"title": "Job", "properties": {"title": {"title": "What it is about."}}}
    assert [one for one in titles(schema) if not TYPE_NAME.fullmatch(one)] == ["What it is about."]
