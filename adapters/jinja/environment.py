"""Jinja with less in it: what a template can reach, call and compute is listed here, and all of it is bounded."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any, Final

from jinja2 import BaseLoader, StrictUndefined, TemplateNotFound, TemplateRuntimeError, Undefined, nodes
from jinja2.exceptions import SecurityError
from jinja2.runtime import BlockReference, Context, LoopContext, Macro
from jinja2.sandbox import ImmutableSandboxedEnvironment
from msgspec import Struct

from adapters.jinja.filters import FILTERS_HERE, finalize
from adapters.jinja.instrument import instrument
from adapters.jinja.limits import spend
from adapters.jinja.sources import TemplateSources
from sender.ports import Part

MAX_RANGE: Final = 1_000
MAX_NUMBER: Final = 2**63

METHODS: Final[dict[type, frozenset[str]]] = {
    str: frozenset(
        {"capitalize", "endswith", "lower", "lstrip", "rstrip", "split", "splitlines", "startswith", "strip", "upper"}
    ),
    dict: frozenset({"get", "items", "keys", "values"}),
    LoopContext: frozenset({"changed", "cycle"}),
}
"""The methods that templates may call. Any other could make text or take time without a bound."""

_ARITHMETIC: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "+": operator.add,
    "*": operator.mul,
    "%": operator.mod,
}


def bounded_range(*limits: int) -> range:
    """The numbers of Python's range, at most 1,000. Raises OverflowError."""
    numbers = range(*limits)
    if len(numbers) > MAX_RANGE:
        raise OverflowError(f"a range holds at most {MAX_RANGE} numbers")
    return numbers


class TemplateEnvironment(ImmutableSandboxedEnvironment):
    """Compiles the files of one snapshot, each once. HTML escapes every value; a missing name or field is an error."""

    intercepted_binops = frozenset({"+", "*", "**", "%"})

    def __init__(self, sources: TemplateSources) -> None:
        super().__init__(
            loader=_SnapshotLoader(sources),
            autoescape=lambda name: name is not None and _part(name) is Part.HTML,
            undefined=StrictUndefined,
            finalize=finalize,
            trim_blocks=True,
            lstrip_blocks=True,
            # Constants are computed when a template runs, so that computing them is bounded.
            optimized=False,
            cache_size=-1,
            auto_reload=False,
        )
        self.globals.clear()
        self.globals["range"] = bounded_range
        self.filters.clear()
        self.filters.update(FILTERS_HERE)

    def _generate(
        self, source: nodes.Template, name: str | None, filename: str | None, defer_init: bool = False
    ) -> str:
        return super()._generate(instrument(source, self), name, filename, defer_init)

    def join_path(self, template: str, parent: str) -> str:
        """The file that another one extends, includes or imports: of the same part, or values would go unescaped."""
        if _part(template) is not _part(parent):
            raise TemplateRuntimeError(f"{parent} can only use files of its own kind, not {template}")
        return template

    def getattr(self, obj: Any, attribute: str) -> Any:
        """A field. Of a dict its items, so that a custom field can have the name of a method."""
        if isinstance(obj, dict) and attribute in obj:
            return obj[attribute]
        if isinstance(obj, Struct) and attribute in obj.__struct_fields__:
            return getattr(obj, attribute)  # a field is data, so there is nothing for the sandbox to look at
        return super().getattr(obj, attribute)

    def is_safe_callable(self, obj: Any) -> bool:
        """Macros, blocks, loops, and the methods that are listed. Raises SecurityError, with a name, for all others."""
        # An undefined name says itself that it is none.
        if isinstance(obj, Macro | BlockReference | LoopContext | Undefined) or obj is bounded_range:
            return True
        owner, name = getattr(obj, "__self__", None), getattr(obj, "__name__", type(obj).__name__)
        if any(isinstance(owner, kind) and name in names for kind, names in METHODS.items()):
            return True
        raise SecurityError(f"`{name}()` is not there in templates")

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:  # noqa: ARG002
        """Arithmetic on numbers of at most 63 bits; `+` on texts and lists too."""
        if operator not in _ARITHMETIC:
            raise SecurityError(f"`{operator}` is not there in templates")
        if _is_number(left) and _is_number(right):
            result = _ARITHMETIC[operator](left, right)
            if isinstance(result, int) and abs(result) > MAX_NUMBER:
                raise OverflowError("a number in a template has at most 63 bits")
            return result
        if operator == "+" and isinstance(left, str | list) and isinstance(right, str | list):
            spend(len(left) + len(right))
            return left + right  # type: ignore[operator]  # a text and a list raise TypeError, as in Python
        if isinstance(left, Undefined) or isinstance(right, Undefined):
            return left + right
        raise SecurityError(f"`{operator}` takes numbers only")


class _SnapshotLoader(BaseLoader):
    """Finds files by their exact path in a snapshot, so that no name leads anywhere else."""

    def __init__(self, sources: TemplateSources) -> None:
        self._texts = sources.texts

    def get_source(self, environment: Any, template: str) -> tuple[str, str, Callable[[], bool]]:  # noqa: ARG002
        """Text, file name for tracebacks, and whether it is still current: always."""
        if template not in self._texts:
            raise TemplateNotFound(template)
        return self._texts[template], template, lambda: True

    def list_templates(self) -> list[str]:
        """All paths."""
        return sorted(self._texts)


def _part(path: str) -> Part:
    return Part.HTML if path.endswith(".html.j2") else Part.TEXT


def _is_number(value: object) -> bool:
    return isinstance(value, int | float)
