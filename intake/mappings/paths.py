"""Paths and conditions of mappings: JSONPath (RFC 9535), as far as each takes time in proportion to the payload.

JSONPath tells a value that is null from one that is not there, which an event must keep apart. Left out are `..` and
several selectors in one pair of brackets (a short path could then select more values than there are atoms), and
match() and search(), whose patterns can take time without end.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any, Final

from jsonpath_rfc9535 import JSONPathEnvironment, JSONPathError, JSONPathQuery
from jsonpath_rfc9535.filter_expressions import (
    ComparisonExpression,
    Expression,
    FilterContext,
    FilterExpression,
    FilterQuery,
    FunctionExtension,
    LogicalExpression,
    PrefixExpression,
    RelativeFilterQuery,
    RootFilterQuery,
)
from jsonpath_rfc9535.segments import JSONPathRecursiveDescentSegment
from jsonpath_rfc9535.selectors import FilterSelector, IndexSelector, NameSelector

from schemas.errors import InputError
from schemas.problem import Place

MAX_SELECTED: Final = 1_000
"""Values that a path may select. More are of no use to any field."""

_NO_PATTERNS: Final = "match() and search() are left out here, since a pattern can take time without end"
_BRACKETS: Final = "$[?"


class PathError(InputError, ValueError):
    """A path or condition that can't be used, and the place in its text."""

    def __init__(self, message: str, place: Place, suggestion: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.place = place
        self.suggestion = suggestion


class _Environment(JSONPathEnvironment):
    def setup_function_extensions(self) -> None:
        super().setup_function_extensions()
        for name in ("match", "search"):
            del self.function_extensions[name]


_ENVIRONMENT: Final = _Environment()


class Path:
    """A path into a payload. `filters` counts its comparisons in filters, each asked of every member of a list."""

    def __init__(self, text: str) -> None:
        """Raises PathError."""
        self.text = text
        self._query = _compiled(text, 0)
        _check_query(self._query, 0)
        self.filters = sum(1 for _ in _comparisons(self._query))

    def select(self, payload: Any) -> list[Any]:
        """The values that it leads to, in the order of the payload, at most one more than MAX_SELECTED."""
        return [node.value for node in islice(self._query.finditer(payload), MAX_SELECTED + 1)]

    @property
    def steps(self) -> tuple[str | int, ...] | None:
        """The names and indexes on the way, where it has nothing else."""
        selectors = [selector for segment in self._query.segments for selector in segment.selectors]
        plain = [one for one in selectors if isinstance(one, NameSelector | IndexSelector)]
        names = [one.name if isinstance(one, NameSelector) else one.index for one in plain]
        return tuple(names) if len(names) == len(selectors) else None


class Condition:
    """A condition on a payload: the expression of a filter (RFC 9535, section 2.3.5) whose paths begin with $."""

    def __init__(self, text: str) -> None:
        """Raises PathError."""
        self.text = text
        query = _compiled(f"{_BRACKETS}{text}]", len(_BRACKETS))
        selectors = query.segments[0].selectors if len(query.segments) == 1 else ()
        if len(selectors) != 1 or not isinstance(selectors[0], FilterSelector):
            raise PathError("this is more than one condition", Place(0, len(text)), "join conditions by && or ||")
        self._expression: FilterExpression = selectors[0].expression
        self._queries = [_root_query(found, text) for found in _queries(self._expression)]
        if not self._queries:
            raise PathError("this condition has no path, so it always or never holds", Place(0, len(text)))
        self.filters = sum(1 for query in self._queries for _ in _comparisons(query))

    def holds(self, payload: Any) -> bool:
        """Whether it holds."""
        return self._expression.evaluate(FilterContext(env=_ENVIRONMENT, current=payload, root=payload))

    def is_said(self, payload: Any) -> bool:
        """Whether the payload has any of its paths."""
        return any(next(iter(query.finditer(payload)), None) is not None for query in self._queries)


def _compiled(text: str, before: int) -> JSONPathQuery:
    """The query; `before` is how many characters stand before what the author wrote."""
    try:
        return _ENVIRONMENT.compile(text)
    except JSONPathError as error:
        offset = min(max(0, error.token.index - before), len(text) - before) if error.token is not None else 0
        reason = str(error.args[0]) if error.args else "it can't be read"
        if "'match'" in reason or "'search'" in reason:
            reason = _NO_PATTERNS
        raise PathError(f"this is no path of JSONPath: {reason}", Place(offset, 1), _advice(text[before:])) from None
    except RecursionError:
        raise PathError("this has too many brackets within brackets", Place(0, len(text) - before)) from None


def _advice(text: str) -> str:
    if "=" in text and not any(sign in text for sign in ("==", "!=", "<=", ">=")):
        return "compare by `==`"
    if " and " in text or " or " in text or "not " in text:
        return "write && for `and`, || for `or`, ! for `not`"
    return "names with other signs than letters, digits and _ stand in brackets and quotes: $['custom-field']"


def _check_query(query: JSONPathQuery, depth: int) -> None:
    """Raise PathError where it could take more time than in proportion to the payload."""
    for segment in query.segments:
        place = Place(segment.token.index if depth == 0 else 0, 1)
        if isinstance(segment, JSONPathRecursiveDescentSegment):
            raise PathError("`..` is left out here", place, "write the names on the way, `*` for any")
        if len(segment.selectors) != 1:
            raise PathError("there are several selectors in one pair of brackets", place, "write a list of paths")
        for selector in segment.selectors:
            if isinstance(selector, FilterSelector):
                for found in _queries(selector.expression):
                    if isinstance(found, RootFilterQuery) and not found.query.singular_query():
                        message = "within a filter, a path from $ has names and indexes alone"
                        raise PathError(message, place)
                    _check_query(found.query, depth + 1)


def _root_query(found: FilterQuery, text: str) -> JSONPathQuery:
    if isinstance(found, RelativeFilterQuery):
        at = max(0, text.find("@"))
        raise PathError("`@` has no meaning outside of a filter", Place(at, 1), "begin the path with $")
    _check_query(found.query, 1)
    return found.query


def _queries(expression: Expression) -> Iterator[FilterQuery]:
    """The queries in an expression, without those within their own filters."""
    match expression:
        case FilterQuery():
            yield expression
        case FilterExpression():
            yield from _queries(expression.expression)
        case PrefixExpression():
            yield from _queries(expression.right)
        case LogicalExpression() | ComparisonExpression():
            yield from _queries(expression.left)
            yield from _queries(expression.right)
        case FunctionExtension():
            for argument in expression.args:
                yield from _queries(argument)


def _comparisons(query: JSONPathQuery) -> Iterator[FilterQuery]:
    """Every query in its filters, at any depth."""
    for segment in query.segments:
        for selector in segment.selectors:
            if isinstance(selector, FilterSelector):
                for found in _queries(selector.expression):
                    yield found
                    yield from _comparisons(found.query)
