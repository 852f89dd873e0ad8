"""The filters that templates have. A filter that makes text pays for it (see `limits`) before it makes it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from jinja2 import Undefined, pass_eval_context
from jinja2.filters import FILTERS
from jinja2.nodes import EvalContext
from jinja2.runtime import Context
from jinja2.utils import pass_context
from markupsafe import Markup, escape

from adapters.jinja.instrument import CONCAT, LITERAL, PAY
from adapters.jinja.limits import LimitError, current_rendering, spend
from sender.messages import times

MAX_INDENT: Final = 40
MAX_NESTING: Final = 3

# Tuples, and not `list | tuple | dict`: each evaluation of that would make a new type.
_CONTAINERS: Final = (list, tuple, dict)
_SHOWN: Final = (int, float, Undefined)

# The filters of Jinja that make no text, and whose time is in proportion to their input.
_FROM_JINJA: Final = (
    *("default", "d", "first", "last", "length", "count", "int", "float"),
    *("map", "select", "reject", "selectattr", "rejectattr", "dictsort"),
)


def as_text(value: object) -> str:
    """What a template shows for a value: nothing for None, local time for a moment.

    Raises UndefinedError for a name that does not exist, TypeError for what is not one value.
    """
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, datetime):
        return local_time(value)
    if isinstance(value, _SHOWN):
        return str(value)
    raise TypeError(f"a {type(value).__name__} is not one value that can be shown: name a field of it, or join it")


@pass_context
def finalize(_context: Context, value: object) -> str:
    """The text for `{{ value }}`. It takes the context, so Jinja calls it at run time only, where it is paid for."""
    text = as_text(value)
    spend(len(text))
    return text


def local_time(value: datetime | None) -> str:
    """A moment in the reader's language and time zone, with its offset from UTC; nothing for None."""
    if value is None:
        return ""
    reader = current_rendering()
    return times.local_time(value, reader.language, reader.time_zone)


def line_breaks(value: object) -> Markup:
    """Text of several lines for HTML: escaped, with `<br>` at the ends of lines."""
    text = _paid(value)
    lines = str(escape(text)).replace("\r\n", "\n").replace("\r", "\n").split("\n")
    spend(len(text) + len("<br>") * len(lines))
    return Markup("<br>\n".join(lines))  # noqa: S704  (each line is escaped above)


def replace(value: object, old: object, new: object) -> str:
    """The text with every `old` replaced by `new`."""
    text, before, after = _paid(value), as_text(old), as_text(new)
    spend(text.count(before) * len(after))
    return text.replace(before, after)


def truncate(value: object, length: int = 255, end: str = "…") -> str:
    """The text, cut with `end` where it is longer than `length` characters."""
    text = _paid(value)
    # A cut through escaped text could split an entity. The result is plain text, which is escaped where it is shown.
    plain = text.unescape() if isinstance(text, Markup) else text
    return plain if len(plain) <= length else plain[: max(0, length - len(end))].rstrip() + end


def indent(value: object, width: int = 4, first: bool = False) -> str:
    """The text with `width` blanks before every line; before the first line only with `first`."""
    text = _paid(value)
    if not 0 <= width <= MAX_INDENT:
        raise ValueError(f"indent takes 0 to {MAX_INDENT} blanks")
    spend(text.count("\n") * width)
    blanks = " " * width
    return (blanks if first else "") + text.replace("\n", "\n" + blanks)


@pass_eval_context
def join(eval_ctx: EvalContext, values: Iterable[object], separator: object = "") -> str:
    """The values as one text with the separator between them. Among escaped texts, the others are escaped."""
    between = as_text(separator)
    texts: list[str] = []
    for value in values:
        texts.append(as_text(value))
        spend(len(texts[-1]) + len(between) + 1)
    if eval_ctx.autoescape and any(isinstance(text, Markup) for text in (between, *texts)):
        return escape(between).join(texts)
    return between.join(texts)


def as_list(values: Iterable[object]) -> list[object]:
    """The values as a list."""
    found: list[object] = []
    for value in values:
        spend(1)
        found.append(value)
    return found


def pay(units: int) -> str:
    """What a body pays each time that it runs."""
    # Through `map` a template could name this filter: a negative number must pay nothing back.
    spend(max(0, units))
    return ""


def literal(value: Any) -> Any:
    """A list, tuple or dict that a template writes. Deep nesting is refused.

    `[x, x]`, where `x` is `[y, y]` and so on, is small in memory, but takes exponential time to compare.
    """
    spend(1 + len(value))
    if _nesting(value) > MAX_NESTING:
        raise LimitError(f"lists are nested more than {MAX_NESTING} deep")
    return value


def _nesting(value: object, depth: int = 0) -> int:
    """How deep lists are nested. It looks no deeper than one level beyond what is allowed."""
    if depth > MAX_NESTING or not isinstance(value, _CONTAINERS):
        return depth
    spend(len(value))
    items = value.values() if isinstance(value, dict) else value
    return max((_nesting(item, depth + 1) for item in items if isinstance(item, _CONTAINERS)), default=depth + 1)


def _of_text(change: Callable[[str], str]) -> Callable[[object], str]:
    """A filter that pays for its input and changes it to text of about the same length."""

    def changed(value: object) -> str:
        return change(_paid(value))

    return changed


def _paid(value: object) -> str:
    text = as_text(value)
    spend(len(text))
    return text


FILTERS_HERE: Final[Mapping[str, Callable[..., Any]]] = {
    **{name: FILTERS[name] for name in _FROM_JINJA},
    "capitalize": _of_text(lambda text: text.capitalize()),
    "e": _of_text(escape),
    "escape": _of_text(escape),
    "indent": indent,
    "join": join,
    "line_breaks": line_breaks,
    "list": as_list,
    "local_time": local_time,
    "lower": _of_text(lambda text: text.lower()),
    "replace": replace,
    "string": _of_text(lambda text: text),
    "title": _of_text(lambda text: text.title()),
    "trim": _of_text(lambda text: text.strip()),
    "truncate": truncate,
    "upper": _of_text(lambda text: text.upper()),
    PAY: pay,
    CONCAT: join,
    LITERAL: literal,
}
