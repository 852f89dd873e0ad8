"""A Jinja environment with less in it. All that a template can reach, call and compute is listed here, and bounded."""

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
"""The methods that templates may call. Others could make text, or take time, without a bound."""

_ARITHMETIC: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "+": operator.add,
    "*": operator.mul,
    "%": operator.mod,
}


def bounded_range(*limits: int) -> range:
    """Python's range, of at most 1,000 numbers. Raises OverflowError."""
    numbers = range(*limits)
    if len(numbers) > MAX_RANGE:
        raise OverflowError(f"a range holds at most {MAX_RANGE} numbers")
    return numbers


class TemplateEnvironment(ImmutableSandboxedEnvironment):
    """Compiles the files of one snapshot, each once. In HTML every value is escaped. A missing name is an error."""

    intercepted_binops = frozenset({"+", "*", "**", "%"})

    def __init__(self, sources: TemplateSources) -> None:
        super().__init__(
            loader=_SnapshotLoader(sources),
            autoescape=lambda name: name is not None and _part(name) is Part.HTML,
            undefined=StrictUndefined,
            finalize=finalize,
            trim_blocks=True,
            lstrip_blocks=True,
            # The optimizer would compute constants when it compiles, where nothing is bounded: `'x' * 10**9`.
            optimized=False,
            # The files of a snapshot never change, so none is compiled again.
            cache_size=-1,
            auto_reload=False,
        )
        # Jinja's own globals and filters go: some make text or objects without a bound (`lipsum`, `center`).
        self.globals.clear()
        self.globals["range"] = bounded_range
        self.filters.clear()
        self.filters.update(FILTERS_HERE)

    def _generate(
        self, source: nodes.Template, name: str | None, filename: str | None, defer_init: bool = False
    ) -> str:
        return super()._generate(instrument(source, self), name, filename, defer_init)

    def join_path(self, template: str, parent: str) -> str:
        """The file that another one extends, includes or imports. Only one of the same part: HTML needs escaping."""
        if _part(template) is not _part(parent):
            raise TemplateRuntimeError(f"{parent} can only use files of its own kind, not {template}")
        return template

    def getattr(self, obj: Any, attribute: str) -> Any:
        """A field. In a dict, items come before methods, so that a custom field may have the name of a method."""
        if isinstance(obj, dict) and attribute in obj:
            return obj[attribute]
        if isinstance(obj, Struct) and attribute in obj.__struct_fields__:
            return getattr(obj, attribute)  # a field is data, so there is nothing for the sandbox to look at
        return super().getattr(obj, attribute)

    def is_safe_callable(self, obj: Any) -> bool:
        """True for macros, blocks, loops and the methods listed. Raises SecurityError, with a name, for all others."""
        # A call of an undefined name raises UndefinedError, which says more than a SecurityError.
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
        # Raises UndefinedError, which names what is missing.
        if isinstance(left, Undefined) or isinstance(right, Undefined):
            return left + right
        raise SecurityError(f"`{operator}` takes numbers only")


class _SnapshotLoader(BaseLoader):
    """Finds files by their exact path in a snapshot, so that no name leads out of it."""

    def __init__(self, sources: TemplateSources) -> None:
        self._texts = sources.texts

    def get_source(self, environment: Any, template: str) -> tuple[str, str, Callable[[], bool]]:  # noqa: ARG002
        """The text, the file name for tracebacks, and a function that says that the text is still current."""
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
