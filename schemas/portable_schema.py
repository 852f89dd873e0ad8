"""JSON Schemas of our types, in words that any validator understands."""

from __future__ import annotations

import inspect
from typing import Any

from schemas.reading import END


def tidied(schema: Any) -> Any:
    """The schema without the indentation of docstrings and without OpenAPI's `discriminator`, for any validator."""
    if isinstance(schema, list):
        return [tidied(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    clean = {
        name: inspect.cleandoc(one) if name == "description" and isinstance(one, str) else tidied(one)
        for name, one in schema.items()
        if name != "discriminator"
    }
    return _in_common_words(clean)


def _in_common_words(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema with a pattern that ECMA 262, RE2 and Python understand alike: RE2 has no look-ahead.

    In Python, `$` also matches before a last line break. So a `not` beside the pattern excludes line breaks.
    """
    pattern = schema.get("pattern")
    if not isinstance(pattern, str) or not pattern.endswith(END):
        return schema
    return {**schema, "pattern": pattern.removesuffix(END) + "$", "not": {"pattern": r"\n"}}
